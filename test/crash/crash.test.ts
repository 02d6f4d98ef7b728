/** The crash matrix with few events; `npm run crash` runs it with many. */
import { describe, expect, it } from '@jest/globals';
import { PATIENCE_MS } from '../harness/local-pipeline.ts';
import { CRASH_POINTS } from './crash-points.ts';
import { crashRun } from './crash-run.ts';

/** Each of them holds for ten seconds what it was redriving: one has to do here. */
const POINTS = CRASH_POINTS.filter(({ name, redriven }) => redriven !== true || name === 'redrive-before-delete');

describe('a function whose process is killed', () => {
  it('at any point of the protocol loses nothing and applies nothing twice', async () => {
    const reports = await crashRun({ points: POINTS, eventsAPoint: 2, patienceMs: PATIENCE_MS });
    const clean = { events: 2, kills: 2, lost: [], appliedTwice: [], unexplainedCalls: 0 };
    expect(reports).toEqual(
      POINTS.map(({ name, ends }) =>
        expect.objectContaining({ ...clean, point: name, inQuarantine: ends === 'quarantined' ? 2 : 0 }),
      ),
    );
  });
});
