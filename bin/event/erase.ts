/** Erases the personal data of one contact from the state table, and lists what is elsewhere. */
import { DynamoDbContactErasure, type KeyedContact } from '../../lambdas/adapters/contact-erasure.dynamodb.ts';
import { matching, scanEvents } from '../../lambdas/adapters/event-search.dynamodb.ts';
import { contactKey } from '../../lambdas/domain/event/event-key.ts';
import { type ErasureBlocker, erasureBlockers } from '../../lambdas/domain/idempotency/erasure.ts';
import { queryFor } from '../../lambdas/domain/telemetry/contact-state.ts';
import type { KeyedRow } from '../../lambdas/ports.ts';
import { type FoundMessages, findInQuarantine } from './find-in-quarantine.ts';
import type { EventTarget } from './target.ts';

/** Result of an erasure, or of its dry run. */
export interface Erasure {
  /** `changed`: rows were written meanwhile, and not all has been erased. */
  readonly outcome: 'dry_run' | 'refused' | 'erased' | 'changed' | 'unknown_contact';
  readonly contacts: readonly KeyedContact[];
  readonly events: readonly KeyedRow[];
  readonly blockers: readonly ErasureBlocker[];
  readonly quarantine: FoundMessages;
}

/** Settings of an erasure. */
export interface ErasureOptions {
  /** A number or address, or an ordering key. */
  readonly contact: string;
  readonly dryRun: boolean;
  /** Parts of the table that are read side by side. */
  readonly segments: number;
  /** Longest scan of quarantine. */
  readonly quarantineBudgetMs: number;
  readonly onPage?: (examined: number) => void;
}

/**
 * Reads the contact's rows under all names and its events, strongly consistent. Deletes nothing
 * while one of them is in use. Safe to run again.
 */
export async function eraseContact(target: EventTarget, options: ErasureOptions): Promise<Erasure> {
  const { contact, dryRun, segments, quarantineBudgetMs, onPage } = options;
  const { table: client, tableName } = target;
  const { orderingKeys } = queryFor(contact, await target.digestKey());
  const erasure = new DynamoDbContactErasure(client, tableName);
  const filter = matching({ orderingKeys });
  const found = await scanEvents({
    client,
    tableName,
    filter,
    segments,
    limit: Number.POSITIVE_INFINITY,
    first: 'oldest',
    isConsistent: true,
    ...(onPage === undefined ? {} : { onPage }),
  });
  const contacts = await erasure.readContacts(orderingKeys.map(contactKey));
  const quarantine = await findInQuarantine(target, contact, quarantineBudgetMs);
  const { events } = found;
  const nowMs = Date.now();
  const blockers = erasureBlockers(
    contacts.map(({ row }) => row),
    events,
    nowMs,
  );
  const plan = { contacts, events, blockers, quarantine };
  if (blockers.length > 0) return { ...plan, outcome: 'refused' };
  if (contacts.length + events.length === 0) return { ...plan, outcome: 'unknown_contact' };
  if (dryRun) return { ...plan, outcome: 'dry_run' };
  // First the contact: its condition shows whether an event has been claimed since.
  for (const one of contacts)
    if ((await erasure.deleteContact(one, nowMs)) === 'changed') return { ...plan, outcome: 'changed' };
  let isChanged = false;
  for (const event of events) isChanged = (await erasure.eraseEvent(event)) === 'changed' || isChanged;
  return { ...plan, outcome: isChanged ? 'changed' : 'erased' };
}
