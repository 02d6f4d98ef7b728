/** A mapping that wrote wrong data, on the real bundles: fixed, and its events sent again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

const CONTACTS = 20;
const EVENTS_EACH = 5;
const START_MS = Date.now() - 3_600_000;
const WRONG = '1999-01-01T00:00:00.000Z';

let pipeline: LocalPipelineProcess;

beforeAll(async () => {
  pipeline = new LocalPipelineProcess({ context: { ...LIMITS_IN_SECONDS, 'archive.days': '7' } });
});
afterAll(async () => pipeline?.dispose());

/** Writes the mapping. `timestamp`: JavaScript for the field's value. */
function writeMapping(path: string, timestamp: string): void {
  const body = `{ phone: event.contactAddress, lastCallTimestamp: ${timestamp} }`;
  const action = `{ kind: 'request', method: 'POST', path: '/api/v1/contacts', body: ${body} }`;
  writeFileSync(
    path,
    `export const crmMapping = (event: { contactAddress?: string; timestamp: string }) =>\n  ({ kind: 'deliver', action: ${action}, orderingKey: event.contactAddress ?? null }) as const;\n`,
  );
}

const phoneOf = (contact: number) => `+1555${String(contact).padStart(7, '0')}`;
const timeOf = (index: number) => new Date(START_MS + index * 60_000).toISOString();

function event(contact: number, index: number): string {
  return JSON.stringify({
    eventBridgeEventId: `c${contact}-e${index}`,
    eventType: 'interaction.created',
    eventTimestamp: timeOf(index),
    interaction: { id: `i-${contact}`, to: phoneOf(contact) },
  });
}

describe('a replay after a wrong mapping', () => {
  it('gives every contact its newest value, and none an older one', async () => {
    const mapping = join(pipeline.dataDir, 'mapping.ts');
    writeMapping(mapping, JSON.stringify(WRONG));
    await pipeline.start({ 'mapping.file': mapping });
    const indexes = Array.from({ length: EVENTS_EACH }, (_, index) => index);
    const contacts = Array.from({ length: CONTACTS }, (_, contact) => contact);
    const post = await pipeline.poster();
    const accepted = await Promise.all(
      contacts.flatMap((contact) => indexes.map(async (index) => (await post(event(contact, index))).status)),
    );
    expect(accepted.filter((status) => status === 202)).toHaveLength(CONTACTS * EVENTS_EACH);
    await pipeline.until(
      'the wrong values are applied',
      async () => (await endOfAll('EVENT#')) === CONTACTS * EVENTS_EACH,
    );
    const wrong = await pipeline.crmCalls();
    expect(new Set(wrong.map(({ lastCallTimestamp }) => lastCallTimestamp))).toEqual(new Set([WRONG]));

    // The fix is deployed, and five contacts have newer events since.
    expect(await pipeline.stop()).toBe(0);
    writeMapping(mapping, 'event.timestamp');
    await pipeline.start({ 'mapping.file': mapping });
    const fresh = contacts.slice(0, 5);
    const repost = await pipeline.poster();
    await Promise.all(fresh.map((contact) => repost(event(contact, 30))));
    await pipeline.until(
      'the new events are applied',
      async () => (await pipeline.crmCalls()).length === wrong.length + 5,
    );

    const from = new Date(START_MS).toISOString();
    const run = await pipeline.replay('--from', from, '--reason', 'wrong field', '--rate', '200', '--id', 'fix-1');
    expect(run).toMatchObject({ code: 0 });
    // Each event once, however often its delivery was received and archived.
    expect(run.stdout).toContain(`${CONTACTS * EVENTS_EACH + 5} sent to the delivery queue`);
    await pipeline.until(
      'the replay has ended',
      async () => (await endOfAll('REPLAY#fix-1#EVENT#')) === CONTACTS * EVENTS_EACH,
    );

    const after = (await pipeline.crmCalls()).slice(wrong.length);
    for (const contact of contacts) {
      const values = after
        .filter(({ phone }) => phone === phoneOf(contact))
        .map((call) => call.lastCallTimestamp ?? '');
      expect(values).toEqual([...values].sort());
      expect(values.at(-1)).toBe(timeOf(contact < 5 ? 30 : EVENTS_EACH - 1));
    }
    const status = await pipeline.replay('--status', 'fix-1');
    // Of each contact its newest event, and nothing twice.
    expect(status.stdout).toMatch(/105 events\n {8}20 {2}applied again\n {8}85 {2}stale/);
    expect(after).toHaveLength(5 + CONTACTS);
  });

  /** Final rows of the first events under this prefix. */
  async function endOfAll(prefix: string): Promise<number> {
    const keys = Array.from({ length: CONTACTS * EVENTS_EACH }, (_, at) => {
      return `${prefix}c${Math.floor(at / EVENTS_EACH)}-e${at % EVENTS_EACH}`;
    });
    const rows = [...(await pipeline.outcomes(keys)).values()];
    return rows.filter(({ status }) => status === 'COMPLETED' || status === 'STALE').length;
  }
});
