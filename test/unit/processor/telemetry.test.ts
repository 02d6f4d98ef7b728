/** Log line and metrics of an outcome. */
import { describe, expect, it } from '@jest/globals';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

const answers = (status: number, excerpt = ''): CrmResponse => ({ kind: 'answered', status, excerpt });

describe('an applied event', () => {
  it('is one line with its ids, its attempt and its outcome', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', -5_000));
    await p.run();
    expect(p.log.entries).toEqual([
      {
        level: 'info',
        message: 'settled',
        details: {
          eventId: 'a',
          interactionId: 'i',
          eventType: 'interaction.created',
          messageId: 'message-1',
          receiveCount: 1,
          receivedAtMs: START_MS,
          attempts: 1,
          outcome: 'applied',
        },
      },
    ]);
  });

  it('is counted, with the time since its receipt, its age and the call that it took', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => {
      p.clock.advance(250);
      return answers(200);
    };
    p.send(eventBody('a', -5_000));
    p.clock.advance(1_000);
    await p.run();
    expect(Object.fromEntries(p.metrics.values)).toEqual({
      CrmLatency: [250],
      CrmCalls: [1],
      'CrmCalls/2xx': [1],
      MessagesDone: [1],
      'MessagesDone/applied': [1],
      MessagesFromElsewhere: [1],
      EndToEndLatency: [1_250],
      EventAge: [6_250],
    });
  });
});

describe('other outcomes', () => {
  it('are counted by what they are, and not as applied', async () => {
    const p = new ProcessorOnFakes();
    p.send(
      eventBody('new', 10, '+1'),
      eventBody('old', 0, '+1'),
      eventBody('login', 0, '+2', 'agent.login'),
      'no JSON',
    );
    p.send(eventBody('new', 10, '+1'));
    await p.run();
    const done = ['applied', 'stale', 'ignored', 'quarantined', 'duplicate'].map((by) =>
      p.metrics.sum('MessagesDone', by),
    );
    expect(done).toEqual([1, 1, 1, 1, 1]);
    expect(p.metrics.sum('MessagesDone')).toBe(5);
    expect(p.metrics.sum('EventsQuarantined', 'invalid_event')).toBe(1);
    expect(p.metrics.sum('EventsIgnored', 'event_type')).toBe(1);
    expect(p.metrics.values.get('EndToEndLatency')).toHaveLength(1);
    expect(p.log.entries).toHaveLength(5);
  });

  it.each([
    ['2xx', answers(204)],
    ['3xx', answers(302)],
    ['4xx', answers(422)],
    ['429', answers(429)],
    ['5xx', answers(503)],
    ['5xx', answers(0)],
    ['no_answer', { kind: 'unknown', cause: 'timeout' }],
    ['not_reached', { kind: 'not_sent', cause: 'ECONNREFUSED' }],
    ['no_token', { kind: 'no_token', cause: 'not pasted yet' }],
  ] as const)('of a CRM call: %s', async (by, answer) => {
    const p = new ProcessorOnFakes();
    p.answer = () => answer;
    p.send(eventBody('a', 0));
    await p.run();
    expect([p.metrics.sum('CrmCalls', by), p.metrics.sum('CrmCalls')]).toEqual([1, 1]);
  });

  it('count each call of one attempt', async () => {
    const p = new ProcessorOnFakes();
    p.answer = ({ freshToken }) => answers(freshToken ? 200 : 401);
    p.send(eventBody('a', 0));
    await p.run();
    expect([p.metrics.sum('CrmCalls', '4xx'), p.metrics.sum('CrmCalls', '2xx')]).toEqual([1, 1]);
    expect(p.metrics.values.get('CrmLatency')).toHaveLength(2);
  });
});

describe('a message from elsewhere', () => {
  it('is one that has neither been through ingest nor through quarantine', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    const attributes = { schema: '1', encoding: 'utf8', source: 'genesys-webhook', receivedAtMs: String(START_MS) };
    p.send(eventBody('by-hand', 0, '+1'), { body: eventBody('ingested', 0, '+2'), attributes });
    await p.run();
    expect([p.metrics.sum('MessagesDone'), p.metrics.sum('MessagesFromElsewhere')]).toEqual([2, 1]);
    p.redrive();
    await p.run();
    expect([p.metrics.sum('MessagesDone'), p.metrics.sum('MessagesFromElsewhere')]).toEqual([4, 1]);
  });
});

describe('a message that comes back', () => {
  it('is counted by what it waits for', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(503);
    p.send(eventBody('a', 0));
    await p.run();
    expect(p.metrics.sum('MessagesRetried', 'crm')).toBe(1);
    p.send(eventBody('a', 0));
    await p.run();
    expect(p.metrics.sum('MessagesRetried', 'not_due')).toBe(1);
    expect(p.metrics.sum('MessagesRetried')).toBe(2);
    expect(p.metrics.values.has('MessagesDone')).toBe(false);
  });

  it.each([
    ['state_table', 'readAhead', { kind: 'unavailable', cause: 'DynamoDB: timeout' }],
    ['state_table', 'claim', { kind: 'unavailable', cause: 'DynamoDB: timeout' }],
    ['state_table', 'settle', { kind: 'unavailable', cause: 'DynamoDB: timeout' }],
    ['in_progress', 'settle', { kind: 'lost' }],
  ] as const)('is counted as %s where %s gives %j', async (cause, write, result) => {
    const p = new ProcessorOnFakes();
    const answer = async () => {
      p.clock.advance(DEFAULT_LIMITS.storeBudgetMs);
      return result;
    };
    Object.assign(p.store, { [write]: answer });
    p.send(eventBody('a', 0));
    await p.run();
    expect(p.metrics.values.get('MessagesRetried')).toEqual([1]);
    expect(p.metrics.sum('MessagesRetried', cause)).toBe(1);
    expect(p.log.entries.at(-1)?.details).toMatchObject({ eventId: 'a', outcome: 'comes_back' });
  });

  it('is counted as a bug’s, or as short of time', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await p.run(DEFAULT_LIMITS.startReserveMs - 1);
    expect(p.metrics.sum('MessagesRetried', 'no_time')).toBe(1);
    p.clock.advance(DEFAULT_LIMITS.visibilityMs);
    p.store.claim = () => Promise.reject(new TypeError('a bug'));
    await p.run();
    expect(p.metrics.sum('MessagesRetried', 'bug')).toBe(1);
    expect(p.log.entries.at(-1)).toMatchObject({
      level: 'error',
      details: { eventId: 'a', outcome: 'comes_back', cause: 'TypeError' },
    });
  });

  it('is counted as quarantine’s fault where that takes nothing', async () => {
    const send = async () => ({ kind: 'unavailable', cause: 'SQS: timeout' }) as const;
    const p = new ProcessorOnFakes({ deps: { quarantine: { send } } });
    p.answer = () => answers(422);
    p.send('no JSON', eventBody('a', 0));
    await p.run();
    expect(p.metrics.sum('MessagesRetried', 'quarantine_queue')).toBe(2);
  });
});

describe('the circuit', () => {
  it('counts its openings and its probes', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(503);
    for (let i = 0; i < 10; i += 1) p.send(eventBody(`e${i}`, 0, `+${i}`));
    await p.run();
    expect(p.metrics.sum('CircuitOpened')).toBe(1);
    p.clock.advance(DEFAULT_LIMITS.circuitOpenMs);
    p.send(eventBody('probe', 0, '+99'));
    await p.run();
    expect([p.metrics.sum('CircuitProbes', 'failed'), p.metrics.sum('CircuitProbes', 'succeeded')]).toEqual([1, 0]);
    p.answer = () => answers(200);
    p.clock.advance(DEFAULT_LIMITS.circuitOpenMs);
    p.send(eventBody('again', 0, '+98'));
    await p.run();
    expect(p.metrics.sum('CircuitProbes', 'succeeded')).toBe(1);
  });
});

describe('what came from outside', () => {
  it('gives no interaction id but one that a log can hold', async () => {
    const p = new ProcessorOnFakes();
    const body = (id: unknown) =>
      JSON.stringify({
        eventBridgeEventId: `of-${String(id).length}`,
        eventType: 'interaction.created',
        eventTimestamp: '2026-01-31T09:30:00Z',
        interaction: { id, to: '+15550100' },
      });
    p.send(body('\u001b[2J'), body('x'.repeat(257)), body(7));
    await p.run();
    expect(p.log.entries.map(({ details }) => details.interactionId)).toEqual([undefined, undefined, undefined]);
  });
});
