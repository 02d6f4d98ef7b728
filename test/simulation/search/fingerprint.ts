/** Fingerprint of a world: two worlds with the same one go on alike. */
import { createHash } from 'node:crypto';
import type { MemoryQueue } from '../../harness/fakes/message-queue.memory.ts';
import { asDecisive } from '../world/invocations.ts';
import type { World } from '../world/world.ts';

/**
 * A digest of the time, the table, the messages, what the CRM has applied, what is left to happen,
 * and for each invocation under way all answers that it has been given: the code under test is
 * deterministic, so that these decide what it does next. Ended and dead invocations do nothing
 * more, and are left out. Of what the CRM has applied the order is judged as it happens; what
 * counts later is which events, and the newest of each contact is among them. What rows keep for
 * people only is left out, in the rows and in answers that bring them.
 */
export function fingerprintOf(world: World): string {
  const { scene } = world;
  const running = scene.running.map(({ name, seen, parked, endsByMs }) => [
    name,
    seen,
    parked.map((call) => call.name),
    endsByMs,
  ]);
  const state = [
    scene.clock.now(),
    sorted(scene.store.events),
    sorted(scene.store.contacts),
    scene.store.circuit.stored,
    sorted(scene.store.userRows),
    [...new Set(scene.crm.applied)].sort(),
    messagesIn(scene.queue),
    messagesIn(scene.quarantine),
    [...scene.accepted].sort(),
    running.map((invocation) => JSON.stringify(invocation)).sort(),
    world.remains,
  ];
  return createHash('sha1').update(JSON.stringify(state, asDecisive)).digest('base64');
}

/** Messages without their ids, which no code compares. */
function messagesIn(queue: MemoryQueue): string[] {
  return [...queue.messages.values()].map(({ messageId: _id, ...message }) => JSON.stringify(message)).sort();
}

function sorted<Value>(rows: ReadonlyMap<string, Value>): [string, Value][] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
}
