/** The crash matrix with few events; `npm run crash` runs it with many. */
import { describe, expect, it } from '@jest/globals';
import { CRASH_POINTS } from './crash-points.ts';
import { crashRun } from './crash-run.ts';

describe('a function whose process is killed', () => {
  it('at any point of the protocol loses nothing and applies nothing twice', async () => {
    const reports = await crashRun({ points: CRASH_POINTS, eventsAPoint: 2, patienceMs: 120_000 });
    const clean = { events: 2, kills: 2, lost: [], appliedTwice: [], unexplainedCalls: 0 };
    expect(reports).toEqual(
      CRASH_POINTS.map(({ name, ends }) =>
        expect.objectContaining({ ...clean, point: name, inQuarantine: ends === 'quarantined' ? 2 : 0 }),
      ),
    );
  }, 180_000);
});
