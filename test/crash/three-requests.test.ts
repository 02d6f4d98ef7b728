/** Kills between the three requests of one action: a contact, a call, and the link between them. */
import { describe, expect, it } from '@jest/globals';
import { readCrmRecords } from '../../local/crm/crm-client.ts';
import { LocalPipelineProcess, PATIENCE_MS } from '../harness/local-pipeline.ts';
import { LIMITS_IN_SECONDS } from '../pipeline/limits-in-seconds.ts';
import { REQUEST_POINTS } from './crash-points.ts';
import { killsIn, makeEvents, ONE_AT_A_TIME, send } from './crash-run.ts';

const HUBSPOT = { 'crm.connector': 'hubspot', 'mapping.file': 'lambdas/connectors/hubspot/mapping.ts' };
/** Three requests of one action have 600 ms here. */
const RATE = { 'crm.rate': '1000/10s' };
const EVENTS_A_POINT = 2;

describe('a processor that is killed between the requests of an action', () => {
  it('logs each call once, linked to its contact, at whatever request it dies', async () => {
    const pipeline = await LocalPipelineProcess.start({
      script: 'test/crash/crash-host.ts',
      context: { ...LIMITS_IN_SECONDS, ...ONE_AT_A_TIME, ...HUBSPOT, ...RATE },
    });
    try {
      const events = makeEvents(REQUEST_POINTS, EVENTS_A_POINT, await pipeline.signingKey());
      await send(pipeline, events, { points: REQUEST_POINTS, eventsAPoint: EVENTS_A_POINT, patienceMs: PATIENCE_MS });
      expect(killsIn(pipeline).sort()).toEqual(events.map(({ id }) => id).sort());
      const rows = await pipeline.rows(events.map(({ id }) => `EVENT#${id}`));
      expect(events.map(({ id }) => `${id} ${rows.get(`EVENT#${id}`)?.status}`)).toEqual(
        events.map(({ id }) => `${id} COMPLETED`),
      );
      const { contacts, calls } = await readCrmRecords(pipeline.description.crm.url);
      const expected = events.map(({ id, phone }) => ({ key: `i-${id}`, contact: `p${phone.slice(1)}` }));
      expect(calls.map(({ key, contact }) => ({ key, contact })).sort(byKey)).toEqual(expected.sort(byKey));
      expect(contacts.map(({ key }) => key).sort()).toEqual(expected.map(({ contact }) => contact).sort());
    } finally {
      await pipeline.dispose();
    }
  });
});

function byKey(a: { readonly key: string }, b: { readonly key: string }): number {
  return a.key < b.key ? -1 : 1;
}
