/** Rows that version 0.1.0 left behind: contacts by the plain digests of their ordering keys. */
import { eventKey, identityOf } from '../../../lambdas/domain/event/event-key.ts';
import { parseSourceEvent } from '../../../lambdas/domain/event/parse-event.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import { positionOf } from '../../../lambdas/domain/idempotency/position.ts';
import { namesOf } from '../../harness/digest-key.ts';
import type { Scene } from './scene.ts';
import { hasRows, type WorkEvent, workMapping } from './workload.ts';

/** An event that the earlier version has applied, or has called the CRM for without an answer. */
export interface EarlierEvent {
  readonly event: WorkEvent;
  readonly status: 'COMPLETED' | 'FAILED';
}

/**
 * Puts the rows of the event and of its contact into the table; an unsettled event also into the
 * queue.
 */
export function leaveRows(scene: Scene, { event, status }: EarlierEvent): void {
  const { name, body, contact } = event;
  const { store, queue, crm, limits, accepted } = scene;
  const parsed = parseSourceEvent(Buffer.from(body), 'genesys-webhook');
  if (parsed.kind !== 'event' || event.kind !== 'ordered') throw new Error(`${name} has no contact`);
  const { timestampMs } = parsed.event;
  const position = positionOf({ timestampMs, id: name });
  const { former } = namesOf(contact);
  const row: EventRow = {
    status,
    owner: 'earlier version',
    identity: identityOf(parsed.event),
    attempts: 1,
    expiredLeases: 0,
    redrives: 0,
    firstReceivedAtMs: timestampMs,
    eventId: name,
    orderingKey: former.digest,
  };
  const aheadMs = limits.futureToleranceMs + limits.clockSkewMs;
  const expiresAt = Math.ceil((timestampMs + limits.contactRowTtlMs + aheadMs + limits.leaseMs) / 1_000);
  accepted.add(name);
  if (status === 'FAILED') {
    store.events.set(eventKey(name), { ...row, nextAttemptAtMs: timestampMs });
    store.contacts.set(former.key, { unsettled: position, expiresAt });
    queue.sendNow({ body, attributes: {} });
    return;
  }
  const settled = {
    settledAtMs: timestampMs,
    expiresAt: Math.ceil((timestampMs + limits.finalRowTtlMs + aheadMs) / 1_000),
  };
  store.events.set(eventKey(name), { ...row, ...settled });
  store.contacts.set(former.key, { newest: position, expiresAt });
  crm.execute(name, contact, 1, 1);
  const mapped = workMapping(parsed.event);
  if (hasRows(event) && mapped.kind === 'deliver')
    store.putUserRows((mapped.rows ?? []).map((own) => (own.onlyIfNewer === true ? { ...own, position } : own)));
}
