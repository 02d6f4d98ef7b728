/** Records of a fake CRM, in memory: tables, ids, and look-up by the value of a field. */

/** A record. Values are JSON. */
export interface StoredRecord {
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A record as it was written. */
export interface RecordWrite {
  readonly table: string;
  readonly record: StoredRecord;
}

interface Table {
  readonly byId: Map<string, StoredRecord>;
  /** By field, then by value: the ids. Made at the first look-up by the field. */
  readonly indexes: Map<string, Map<string, Set<string>>>;
}

/** All tables. */
export class RecordStore {
  readonly #tables = new Map<string, Table>();
  #writes: RecordWrite[] = [];

  get(table: string, id: string): StoredRecord | undefined {
    return this.#table(table).byId.get(id);
  }

  all(table: string): StoredRecord[] {
    return [...this.#table(table).byId.values()];
  }

  /** The records with this value, compared as text without regard to case, as the vendors do. */
  find(table: string, field: string, value: string): StoredRecord[] {
    const { byId, indexes } = this.#table(table);
    let index = indexes.get(field);
    if (index === undefined) {
      index = new Map();
      for (const record of byId.values()) addTo(index, field, record);
      indexes.set(field, index);
    }
    return [...(index.get(value.toLowerCase()) ?? [])].flatMap((id) => byId.get(id) ?? []);
  }

  /** Creates or replaces a record. False if nothing changed. */
  put(table: string, record: StoredRecord): boolean {
    const before = this.get(table, record.id);
    if (before !== undefined && JSON.stringify(before.values) === JSON.stringify(record.values)) return false;
    this.replay({ table, record });
    this.#writes.push({ table, record });
    return true;
  }

  /** Writes a record without remembering the write. */
  replay({ table: name, record }: RecordWrite): void {
    const { byId, indexes } = this.#table(name);
    const before = byId.get(record.id);
    byId.set(record.id, record);
    for (const [field, index] of indexes) {
      if (before !== undefined) index.get(keyOf(before.values[field]) ?? '')?.delete(record.id);
      addTo(index, field, record);
    }
  }

  /** The writes since the last call. */
  takeWrites(): RecordWrite[] {
    return this.#writes.splice(0);
  }

  #table(name: string): Table {
    const table = this.#tables.get(name) ?? { byId: new Map(), indexes: new Map() };
    this.#tables.set(name, table);
    return table;
  }
}

function addTo(index: Map<string, Set<string>>, field: string, { id, values }: StoredRecord): void {
  const key = keyOf(values[field]);
  if (key === undefined) return;
  const ids = index.get(key) ?? new Set();
  ids.add(id);
  index.set(key, ids);
}

function keyOf(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value).toLowerCase();
}
