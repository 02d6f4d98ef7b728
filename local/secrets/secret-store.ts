/** Secrets and their versions in a file, with Secrets Manager's rules for staging labels. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { messageOf, UserError } from '../../cli/user-error.ts';

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';

/** Error response of Secrets Manager. */
export class SecretError extends Error {
  override readonly name: 'ResourceNotFoundException' | 'ResourceExistsException' | 'InvalidParameterException';

  constructor(name: SecretError['name'], message: string) {
    super(message);
    this.name = name;
  }
}

interface Version {
  readonly value: string;
  readonly createdAtMs: number;
  stages: string[];
}

interface Secret {
  readonly name: string;
  /** Absent in files of before it was kept. */
  changedAtMs?: number;
  readonly versions: Record<string, Version>;
}

/** One version of a secret, as it is read. */
export interface SecretValue {
  readonly arn: string;
  readonly name: string;
  readonly versionId: string;
  readonly value: string;
  readonly stages: readonly string[];
  readonly createdAtMs: number;
}

/**
 * All secrets, kept in one file that only its owner may read; each change is on disk before it is
 * answered.
 */
export class SecretStore {
  readonly #path: string;
  readonly #now: () => number;
  readonly #secrets: Map<string, Secret>;

  /** `now`: epoch milliseconds. */
  constructor(path: string, now: () => number = Date.now) {
    this.#path = path;
    this.#now = now;
    this.#secrets = new Map(Object.entries(readSecrets(path)));
  }

  /** Creates the secret with `firstValue` unless it exists. */
  ensure(arn: string, name: string, firstValue: () => string): void {
    if (this.#secrets.has(arn)) return;
    const version = { value: firstValue(), createdAtMs: this.#now(), stages: [CURRENT] };
    this.#secrets.set(arn, { name, changedAtMs: version.createdAtMs, versions: { [randomUUID()]: version } });
    this.#save();
  }

  /** Reads one version, by its id or its stage, AWSCURRENT by default. */
  get(secretId: string, select: { readonly versionId?: string; readonly stage?: string } = {}): SecretValue {
    const [arn, secret] = this.#find(secretId);
    const stage = select.stage ?? (select.versionId === undefined ? CURRENT : undefined);
    for (const [versionId, version] of Object.entries(secret.versions)) {
      if (select.versionId !== undefined && select.versionId !== versionId) continue;
      if (stage !== undefined && !version.stages.includes(stage)) continue;
      return { arn, name: secret.name, versionId, ...version };
    }
    const sought = select.versionId === undefined ? `staging label: ${stage}` : `VersionId: ${select.versionId}`;
    throw notFound(`Secrets Manager can't find the specified secret value for ${sought}`);
  }

  /**
   * Adds a version. The same token with the same value is one request; with another value it is
   * refused.
   */
  put(
    secretId: string,
    value: string,
    options: { readonly token?: string; readonly stages?: readonly string[] } = {},
  ): SecretValue {
    const [, secret] = this.#find(secretId);
    const versionId = options.token ?? randomUUID();
    const existing = secret.versions[versionId];
    if (existing !== undefined && existing.value !== value) {
      throw new SecretError('ResourceExistsException', 'The version exists already, with another value.');
    }
    if (existing === undefined) {
      secret.versions[versionId] = { value, createdAtMs: this.#now(), stages: [] };
      for (const stage of options.stages ?? [CURRENT]) moveStage(secret, stage, versionId);
      this.#saveChange(secret);
    }
    return this.get(secretId, { versionId });
  }

  /**
   * Moves a staging label, or takes it away. A label that a version has must be named as taken from
   * it.
   */
  updateStage(
    secretId: string,
    stage: string,
    move: { readonly to?: string; readonly from?: string },
  ): { readonly arn: string; readonly name: string } {
    const [arn, secret] = this.#find(secretId);
    for (const id of [move.to, move.from]) {
      if (id !== undefined && secret.versions[id] === undefined) throw notFound(`There is no version ${id}.`);
    }
    const holder = Object.entries(secret.versions).find(([, version]) => version.stages.includes(stage))?.[0];
    if (holder !== move.from && holder !== undefined && holder !== move.to) {
      throw new SecretError('InvalidParameterException', `RemoveFromVersionId must be ${holder}, which has ${stage}.`);
    }
    if (move.to === undefined && stage === CURRENT) {
      throw new SecretError('InvalidParameterException', `${CURRENT} can be moved, not removed.`);
    }
    moveStage(secret, stage, move.to);
    this.#saveChange(secret);
    return { arn, name: secret.name };
  }

  /** The labels of every version that has one, and when a version or a label was last changed. */
  describe(secretId: string): {
    readonly arn: string;
    readonly name: string;
    readonly changedAtMs: number;
    readonly stages: Readonly<Record<string, readonly string[]>>;
  } {
    const [arn, secret] = this.#find(secretId);
    const labelled = Object.entries(secret.versions).filter(([, version]) => version.stages.length > 0);
    const newest = Math.max(...Object.values(secret.versions).map(({ createdAtMs }) => createdAtMs));
    return {
      arn,
      name: secret.name,
      changedAtMs: secret.changedAtMs ?? newest,
      stages: Object.fromEntries(labelled.map(([id, { stages }]) => [id, stages])),
    };
  }

  #find(secretId: string): [string, Secret] {
    for (const [arn, secret] of this.#secrets) if (arn === secretId || secret.name === secretId) return [arn, secret];
    throw notFound("Secrets Manager can't find the specified secret.");
  }

  #saveChange(secret: Secret): void {
    secret.changedAtMs = this.#now();
    this.#save();
  }

  #save(): void {
    const whole = `${this.#path}.new`;
    rmSync(whole, { force: true });
    writeFileSync(whole, JSON.stringify(Object.fromEntries(this.#secrets), undefined, 2), { flag: 'wx', mode: 0o600 });
    renameSync(whole, this.#path);
  }
}

function notFound(message: string): SecretError {
  return new SecretError('ResourceNotFoundException', message);
}

/** A label is on one version at a time; the version that loses AWSCURRENT becomes AWSPREVIOUS. */
function moveStage(secret: Secret, stage: string, to: string | undefined): void {
  for (const [id, version] of Object.entries(secret.versions)) {
    if (id === to || !version.stages.includes(stage)) continue;
    version.stages = version.stages.filter((label) => label !== stage);
    if (stage === CURRENT) moveStage(secret, PREVIOUS, id);
  }
  const target = to === undefined ? undefined : secret.versions[to];
  if (target !== undefined && !target.stages.includes(stage)) target.stages = [...target.stages, stage];
}

function readSecrets(path: string): Record<string, Secret> {
  const secrets = parseSecrets(readFile(path) ?? '{}');
  if (secrets !== undefined) return secrets;
  // The parser's message would quote a piece of the file, and with it a secret.
  throw new UserError(
    `The secrets in ${path} cannot be read: the file is damaged. Put back a copy of it, or delete it: new secrets are made then, and who signs with an old one has to be told the new one.`,
  );
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new UserError(
      `The secrets in ${path} cannot be read: ${messageOf(error)}. Make the file readable, or delete it.`,
    );
  }
}

function parseSecrets(text: string): Record<string, Secret> | undefined {
  try {
    const secrets: unknown = JSON.parse(text);
    return isRecordOf(secrets, isSecret) ? secrets : undefined;
  } catch {
    return undefined;
  }
}

function isSecret(value: unknown): value is Secret {
  const { name, versions } = (value ?? {}) as Partial<Secret>;
  return typeof name === 'string' && isRecordOf(versions, isVersion);
}

function isVersion(given: unknown): given is Version {
  const { value, createdAtMs, stages } = (given ?? {}) as Partial<Version>;
  return typeof value === 'string' && typeof createdAtMs === 'number' && Array.isArray(stages);
}

function isRecordOf<Item>(value: unknown, isItem: (item: unknown) => item is Item): value is Record<string, Item> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isItem);
}
