/**
 * The queue consumer under hostile messages and CRM answers, on fakes: a batch, and one good event
 * amid it.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { CrmResponse } from '../../lambdas/domain/crm/crm-outcome.ts';
import { decodeEnvelope, type Envelope } from '../../lambdas/domain/delivery/envelope.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../harness/processor-on-fakes.ts';
import { hostileText } from './hostile-bodies.ts';
import { hostileMessage } from './hostile-messages.ts';
import { count, type Tally } from './ingest-fuzz.ts';
import { problemWithMessage, problemWithRow } from './storable.ts';

/**
 * Rounds after which everything must be dealt with: ten failed calls for each event of a contact,
 * one after another.
 */
const ROUNDS_MAX = 400;

/**
 * A CRM that throttles for ever is called for ever: an attempt that is throttled does not count.
 */
const HOSTILE_CALLS_MAX = 200;

const NEIGHBOUR = 'the-neighbour';
const NEIGHBOUR_PHONE = '+49 neighbour';

/** Responses of the CRM; most of the time correct. */
const crmAnswer: fc.Arbitrary<CrmResponse> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<CrmResponse>({ kind: 'answered', status: 200, excerpt: '' }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answered' as const),
      status: fc.constantFrom(0, 101, 204, 302, 400, 401, 403, 409, 418, 422, 429, 500, 503, 999),
      excerpt: hostileText,
      retryAfter: fc.oneof(fc.constantFrom('1', '999999999', '-1', 'Mon, 01 Jan 2035 00:00:00 GMT'), hostileText),
    }),
  },
  { weight: 1, arbitrary: hostileText.map((cause): CrmResponse => ({ kind: 'unknown', cause })) },
  { weight: 1, arbitrary: hostileText.map((cause): CrmResponse => ({ kind: 'not_sent', cause })) },
);

const batch = fc.record({
  messages: fc.array(hostileMessage(START_MS), { minLength: 1, maxLength: 9 }),
  place: fc.nat(9),
  answers: fc.array(crmAnswer, { minLength: 1, maxLength: 6 }),
});

/** The property; `tally` is told what became of each message. */
export function processorProperty(tally: Tally) {
  return fc.asyncProperty(batch, async ({ messages, place, answers }) => {
    const p = new ProcessorOnFakes();
    let calls = 0;
    p.answer = ({ key }) =>
      key === NEIGHBOUR || calls > HOSTILE_CALLS_MAX
        ? { kind: 'answered', status: 200, excerpt: '' }
        : (answers[calls++ % answers.length] ?? { kind: 'not_sent', cause: '' });
    const all = messages.toSpliced(place, 0, { body: eventBody(NEIGHBOUR, -1, NEIGHBOUR_PHONE), attributes: {} });
    const byId = new Map(all.map((message) => [p.queue.sendNow(message), message]));
    await p.run();
    // If the CRM has asked for a pause, the good event waits for its end with the others.
    if (p.store.circuit.stored === undefined)
      assert.equal(p.row(NEIGHBOUR)?.status, 'COMPLETED', 'the good event amid them is applied at once');
    await workOff(p);
    checkEnds(p, byId, tally);
    checkStored(p);
  });
}

/** Lets time pass and works on until the queue is empty. */
async function workOff(p: ProcessorOnFakes): Promise<void> {
  for (let round = 0; p.queue.messages.size > 0; round += 1) {
    assert.ok(round < ROUNDS_MAX, `still in the queue: ${JSON.stringify(p.log.entries.at(-1))}`);
    p.clock.advance(Math.max(0, Math.min(...p.waits()) * 1_000));
    await p.run();
  }
}

/**
 * Every message has come to one end, and what is in quarantine has its body and its attributes
 * still.
 */
function checkEnds(p: ProcessorOnFakes, messages: ReadonlyMap<string, Envelope>, tally: Tally): void {
  const bugs = p.log.entries.filter(({ message }) => message.includes('bug'));
  assert.deepEqual(bugs, []);
  const ends = p.log.entries.filter(({ message }) => message === 'settled');
  assert.deepEqual(ends.map(({ details }) => details.messageId).sort(), [...messages.keys()].sort());
  for (const { details } of ends) count(tally, [details.outcome, details.reason].filter(Boolean).join(' '));
  const quarantined = [...p.quarantine.messages.values()].map(({ envelope }) => envelope);
  for (const { details } of ends) {
    if (details.outcome !== 'quarantined') continue;
    const { body } = messages.get(String(details.messageId)) ?? {};
    assert.ok(
      quarantined.some((envelope) => envelope.body === body),
      'what is called quarantined is in quarantine',
    );
  }
  // There may be more of them: one that was sent there while another delivery of its event was
  // being applied.
  for (const envelope of quarantined) checkQuarantined(envelope, [...messages.values()]);
  for (const { key, body } of p.crmCalls) {
    assert.match(key, /^[\x21-\x7e]{1,256}$/);
    const { phone, lastCallTimestamp } = body as Readonly<Record<string, unknown>>;
    assert.ok(typeof phone === 'string' && phone !== '' && phone.length <= 256);
    assert.ok(typeof lastCallTimestamp === 'string' && !Number.isNaN(Date.parse(lastCallTimestamp)));
  }
}

function checkQuarantined(envelope: Envelope, messages: readonly Envelope[]): void {
  assert.equal(problemWithMessage(envelope), undefined);
  const { quarantine = '', ...others } = envelope.attributes;
  assert.equal(typeof (JSON.parse(quarantine) as { readonly reason?: unknown }).reason, 'string');
  const original = messages.find(
    ({ body, attributes }) =>
      body === envelope.body && Object.entries(others).every(([name, value]) => isKept(name, value, attributes[name])),
  );
  assert.ok(original !== undefined, 'what is in quarantine is a message as it came');
  assert.deepEqual(bytesOf(envelope), bytesOf(original));
}

/** A message that came without the time of its receipt is given it. */
function isKept(name: string, value: string, before: string | undefined): boolean {
  return value === before || (name === 'receivedAtMs' && before === undefined && /^\d+$/.test(value));
}

function bytesOf(envelope: Envelope): Uint8Array {
  return decodeEnvelope({ ...envelope, sentAtMs: 0 }).bytes;
}

function checkStored(p: ProcessorOnFakes): void {
  for (const [key, row] of [...p.store.events, ...p.store.contacts]) assert.equal(problemWithRow(key, row), undefined);
}
