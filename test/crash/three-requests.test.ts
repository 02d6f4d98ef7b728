/** Kills between the three requests of one action; `npm run crash` does it with many events. */
import { describe, expect, it } from '@jest/globals';
import { PATIENCE_MS } from '../harness/local-pipeline.ts';
import { REQUEST_POINTS } from './crash-points.ts';
import { requestRun } from './request-run.ts';

describe('a processor that is killed between the requests of an action', () => {
  it('logs each call once, linked to its contact, at whatever request it dies', async () => {
    const reports = await requestRun({ eventsAPoint: 2, patienceMs: PATIENCE_MS });
    const clean = { events: 2, kills: 2, lost: [], appliedTwice: [], unexplainedCalls: 0, inQuarantine: 0 };
    expect(reports).toEqual(REQUEST_POINTS.map(({ name }) => expect.objectContaining({ ...clean, point: name })));
  });
});
