/** The redrive function under hostile requests, over a quarantine of hostile messages, on fakes. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type Envelope, quarantineEnvelope } from '../../lambdas/domain/delivery/envelope.ts';
import type { QuarantineReason } from '../../lambdas/domain/idempotency/event-row.ts';
import { QUARANTINE_REASONS } from '../../lambdas/domain/quarantine/quarantine-reasons.ts';
import type { BatchQueue, BatchResult } from '../../lambdas/ports.ts';
import type { MemoryQueue } from '../harness/fakes/message-queue.memory.ts';
import { MemoryQuarantineQueue } from '../harness/fakes/quarantine-queue.memory.ts';
import { START_MS } from '../harness/processor-on-fakes.ts';
import { RedriveOnFakes } from '../harness/redrive-on-fakes.ts';
import { hostileText } from './hostile-bodies.ts';
import { hostileMessage } from './hostile-messages.ts';
import { count, type Tally } from './ingest-fuzz.ts';
import { problemWithMessage } from './storable.ts';

/** Lambda takes answers of at most 6 MB; this is far below, and still more than anybody reads. */
const ANSWER_BYTES_MAX = 200_000;
const DAY_MS = 86_400_000;

const REASONS = Object.keys(QUARANTINE_REASONS) as QuarantineReason[];

const wrong = fc.oneof(
  hostileText,
  fc.double(),
  fc.constantFrom<unknown>(null, true, [], {}, -1, 0, 1.5, Number.POSITIVE_INFINITY),
);

function mostly(usual: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 20, arbitrary: usual }, { weight: 1, arbitrary: wrong });
}

function days(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map((count) => new Date(START_MS + count * DAY_MS).toISOString());
}

const filter = fc.record(
  {
    reasons: mostly(fc.array(mostly(fc.constantFrom(...REASONS)), { maxLength: 4 })),
    eventTypes: mostly(fc.array(mostly(fc.constantFrom('interaction.created', 'agent.login')), { maxLength: 3 })),
    eventIds: mostly(fc.array(hostileText, { maxLength: 3 })),
    // The one mostly before the other: else it is refused.
    receivedFrom: mostly(days(-20, -1)),
    receivedTo: mostly(days(-4, 1)),
  },
  { requiredKeys: [] },
);

/** Requests as JSON brings them to the function. */
export const hostileRedriveRequest: fc.Arbitrary<unknown> = fc
  .oneof(
    {
      weight: 5,
      arbitrary: fc.record(
        {
          filter: mostly(filter),
          limit: mostly(fc.integer({ min: 1, max: 12 })),
          ratePerSecond: mostly(fc.integer({ min: 1, max: 500 })),
          dryRun: mostly(fc.boolean()),
        },
        { requiredKeys: [] },
      ),
    },
    { weight: 1, arbitrary: fc.record({ action: mostly(fc.constantFrom('refresh', 'recover')) }) },
    { weight: 1, arbitrary: fc.dictionary(hostileText, wrong, { maxKeys: 5 }) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(`{"${'k'.repeat(300_000)}":1}`, '{"__proto__":{"all":true}}')
        .map((text) => JSON.parse(text)),
    },
    { weight: 1, arbitrary: fc.jsonValue() },
  )
  // Values without a JSON form do not arrive.
  .map((request) => JSON.parse(JSON.stringify(request) ?? 'null') as unknown);

/** Messages as they wait in quarantine with a note of ours. */
const noted = fc
  .tuple(hostileMessage(START_MS), fc.constantFrom(...REASONS), fc.nat(8), hostileText)
  .map(([message, reason, redrives, lastError]) =>
    quarantineEnvelope(message, { reason, at: new Date(START_MS).toISOString(), attempts: 1, redrives, lastError }),
  )
  .filter((message) => problemWithMessage(message) === undefined);

/** As long as SQS takes them, and so long that no note of ours fits on. */
const longest = fc.nat(400).map((less) => ({ body: ' '.repeat(1_048_576 - less), attributes: {} }));

/** With a note that somebody else has written. */
const withLongNote: Envelope = {
  body: '{}',
  attributes: { quarantine: JSON.stringify({ reason: 'crm_rejected', lastError: 'x'.repeat(300_000) }) },
};

const quarantined = fc.oneof(
  { weight: 60, arbitrary: noted },
  { weight: 60, arbitrary: hostileMessage(START_MS) },
  { weight: 1, arbitrary: longest },
  { weight: 1, arbitrary: fc.constant(withLongNote) },
);

const scene = fc.record({
  request: hostileRedriveRequest,
  messages: fc.array(quarantined, { maxLength: 25 }),
  ageDays: fc.nat(13),
});

/** The property; `tally` is told what was answered. */
export function redriveProperty(tally: Tally) {
  return fc.asyncProperty(scene, async ({ request, messages, ageDays }) => {
    const r = new RedriveOnFakes();
    Object.assign(r.deps, {
      quarantine: new StrictQuarantineQueue(r.quarantine, r.sleep),
      deliveryQueue: strict(r.deps.deliveryQueue),
    });
    for (const message of messages) r.quarantine.sendNow(message);
    r.clock.advance(ageDays * DAY_MS);
    const answer = await r.ask(request);
    count(tally, answer.kind);
    assert.ok(Buffer.byteLength(JSON.stringify(answer)) <= ANSWER_BYTES_MAX, 'the answer is one that Lambda takes');
    const logged = JSON.stringify(r.log.entries);
    assert.ok(Buffer.byteLength(logged) <= ANSWER_BYTES_MAX, 'the log line is one that CloudWatch takes');
    checkNothingLost(messages, r);
    if (!('examined' in answer)) {
      assert.equal(r.delivery.messages.size, 0);
      return;
    }
    const { moved, wouldMove, refreshed, dropped, skipped, examined: looked } = answer;
    assert.equal(moved.total + wouldMove.total + refreshed.total + dropped.total + skipped.total, looked);
    assert.equal(r.delivery.messages.size, moved.total);
    // One that cannot be sent must not keep the others from being looked at.
    assert.notEqual(answer.stoppedBecause, 'unavailable');
    // A message that was sent to quarantine again may come a second time.
    if (answer.reachedEnd && answer.kind !== 'recover') assert.ok(looked >= messages.length);
    if (answer.kind === 'redrive' && answer.dryRun) assert.equal(moved.total, 0);
  });
}

/**
 * Each message is in one of the two queues, body and attributes as they were; a note may have been
 * added.
 */
function checkNothingLost(messages: readonly Envelope[], r: RedriveOnFakes): void {
  const there = [...r.quarantine.messages.values(), ...r.delivery.messages.values()].map(({ envelope }) => envelope);
  assert.equal(there.length, messages.length);
  const left = new Set(there);
  for (const message of messages) {
    const found = [...left].find((envelope) => isSame(message, envelope));
    assert.ok(found !== undefined, 'every message is still there');
    left.delete(found);
  }
}

function isSame(before: Envelope, after: Envelope): boolean {
  const others = Object.entries(before.attributes).filter(([name]) => name !== 'quarantine');
  const kept = others.filter(([name, value]) => after.attributes[name] === value).length;
  // SQS takes ten attributes: others make room for the note, and for the time of receipt where that
  // was missing.
  const room = before.attributes.receivedAtMs === undefined ? 8 : 9;
  return after.body === before.body && kept >= Math.min(room, others.length);
}

/** Refuses what SQS refuses, message by message. */
function strict(queue: BatchQueue): BatchQueue {
  return {
    sendBatch: (envelopes, delayMs) => sendStrictly(envelopes, (taken) => queue.sendBatch(taken, delayMs)),
  };
}

class StrictQuarantineQueue extends MemoryQuarantineQueue {
  constructor(queue: MemoryQueue, sleep: RedriveOnFakes['sleep']) {
    super(queue, sleep);
  }

  override sendBatch(envelopes: readonly Envelope[], delayMs?: number): Promise<BatchResult> {
    return sendStrictly(envelopes, (taken) => super.sendBatch(taken, delayMs));
  }
}

async function sendStrictly(
  envelopes: readonly Envelope[],
  send: (taken: readonly Envelope[]) => Promise<BatchResult>,
): Promise<BatchResult> {
  const positions = [...envelopes.keys()].filter((at) => problemWithMessage(envelopes[at] as Envelope) === undefined);
  await send(positions.map((at) => envelopes[at] as Envelope));
  const all = positions.length === envelopes.length;
  return { positions: new Set(positions), ...(all ? {} : { cause: 'SQS: InvalidParameterValue' }) };
}
