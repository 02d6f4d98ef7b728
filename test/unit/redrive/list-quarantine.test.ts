import { describe, expect, it } from '@jest/globals';
import { formatListing, type Listing } from '../../../bin/redrive/list-report.ts';
import { many, RedriveOnFakes } from '../../harness/redrive-on-fakes.ts';

const LIST = { action: 'list' };

async function listing(world: RedriveOnFakes): Promise<Listing> {
  const answer = await world.ask(LIST);
  if (answer.kind !== 'listed') throw new Error(answer.kind);
  return answer;
}

describe('a list of quarantine', () => {
  it('counts by reason with the common errors, and receives no message', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(3, 'open', { reason: 'circuit_open' }), { id: 'bad', reason: 'crm_rejected', atMs: 60_000 });
    world.setRow('bad', { lastError: 'HTTP 422: no such field', eventId: 'bad', eventType: 'interaction.ended' });
    const list = await listing(world);
    expect(list).toMatchObject({
      messages: { visible: 4, inFlight: 0 },
      crm: { circuit: 'closed' },
      reasons: expect.arrayContaining([
        expect.objectContaining({
          reason: 'crm_rejected',
          count: 1,
          oldestAt: '2026-01-31T09:31:00.000Z',
          errors: [{ error: 'HTTP 422: no such field', count: 1 }],
        }),
      ]),
    });
    expect([...world.quarantine.messages.values()].map(({ receiveCount }) => receiveCount)).toEqual([0, 0, 0, 0]);
    expect(formatListing(list).split('\n').slice(0, 8)).toEqual([
      '  CRM            calls succeed',
      '  in quarantine  4 events',
      '',
      '  crm_rejected: 1, needs a person, oldest 2026-01-31 09:31:00 UTC',
      '    Read what the CRM said. Fix the data in the CRM, or the mapping, then redrive.',
      '    1 × HTTP 422: no such field',
      '    bad  interaction.ended  2026-01-31 09:31:00 UTC',
      '',
    ]);
  });

  it('says of how many of the newest events it shows the errors, if there are more', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'bad', reason: 'crm_rejected' });
    world.setRow('bad', { lastError: 'HTTP 422' });
    const [reason, ...others] = (await listing(world)).reasons;
    if (reason === undefined) throw new Error('lists nothing');
    const text = formatListing({ kind: 'listed', reasons: [{ ...reason, count: 900, errorsOf: 200 }, ...others] });
    expect(text).toContain('    errors of the newest 200:\n    1 × HTTP 422\n');
  });

  it('says what is wrong with the CRM, and what other runs hold', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'a', reason: 'circuit_open' });
    world.quarantine.receive(10, 60_000);
    const atMs = world.clock.now();
    const fault = { kind: 'credentials', status: 401, error: 'HTTP 401: expired', sinceMs: atMs, atMs };
    world.store.circuit.stored = { state: 'OPEN', version: 1, openedAtMs: atMs, probeAtMs: atMs, outages: [], fault };
    expect(formatListing(await listing(world))).toContain(
      '  CRM            The CRM refuses our credentials (401) since 2026-01-31 09:30:00 UTC. The circuit breaker is open. Put',
    );
    expect(formatListing(await listing(world))).toMatch(/put-secret-value\)\. Last error: HTTP 401: expired$/m);
    expect(formatListing(await listing(world))).toContain('1 event (about 1 messages, 1 of them held by a run)');
  });

  it('is unavailable where the index does not answer', async () => {
    const world = new RedriveOnFakes();
    const view = { quarantine: async () => ({ kind: 'unavailable', cause: 'DynamoDB: timeout' }) as const };
    expect(await world.ask(LIST, { view })).toEqual({ kind: 'unavailable', cause: 'DynamoDB: timeout' });
  });
});
