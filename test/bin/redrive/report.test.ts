import { describe, expect, it } from '@jest/globals';
import { formatRun, isDone, mergeRuns, type Run } from '../../../bin/redrive/report.ts';

const NONE = { total: 0, byReason: {} };
const RUN: Run = {
  kind: 'redrive',
  dryRun: false,
  startedAt: '2026-01-31T09:30:00.000Z',
  examined: 9,
  moved: { total: 4, byReason: { crm_rejected: 4 } },
  wouldMove: NONE,
  refreshed: NONE,
  dropped: NONE,
  skipped: { total: 5, byReason: { poison: 3, crm_rejected: 2 }, why: { filter: 3, redrives_max: 2 } },
  copiesLeft: 0,
  reachedEnd: true,
  sample: [
    { outcome: 'skipped', why: 'filter', reason: 'poison', redrives: 0 },
    {
      outcome: 'moved',
      reason: 'crm_rejected',
      eventId: 'e-1',
      eventType: 'interaction.ended\u001b[2J',
      at: '2026-01-31T09:29:58.123Z',
      redrives: 1,
      lastError: 'HTTP 422: no such contact',
    },
  ],
};

describe('the report of a redrive', () => {
  it('says what moved, what stays and why, and shows some of what was meant', () => {
    expect(formatRun(RUN).split('\n')).toEqual([
      '  examined      9',
      '  moved         4 (crm_rejected: 4)',
      '  skipped       5 (poison: 3, crm_rejected: 2)',
      '    3           other events: the options do not name them',
      '    2           redriven too often (name it by --event-id)',
      '  end reached   yes',
      '',
      '  a few of them        event  type                   quarantined           redriven  last error',
      '  crm_rejected, moved  e-1    interaction.ended [2J  2026-01-31T09:29:58Z  1         HTTP 422: no such contact',
    ]);
  });

  it('says why it did not come to the end', () => {
    const stopped: Run = {
      ...RUN,
      reachedEnd: false,
      stoppedBecause: 'unavailable',
      cause: 'SQS: timeout',
      sample: [],
    };
    expect(formatRun(stopped)).toMatch(/^ {2}end reached {3}no: AWS did not answer; run it again \(SQS: timeout\)$/m);
  });

  it('names the events that were asked for by id and are not there, once it has seen all that is', () => {
    const asked = ['e-1', 'e-2\u001b', 'e-2\u001b', 'e-3'];
    const found: Run = { ...RUN, eventIdsFound: ['e-1', 'e-3'] };
    const line = /^ {2}not found {5}e-2 {2}\(no message in quarantine has this id: npm run event -- <id>\)$/m;
    expect(formatRun(found, asked)).toMatch(line);
    expect(formatRun(found, ['e-3'])).not.toMatch('not found');
    expect(formatRun({ ...found, reachedEnd: false, stoppedBecause: 'limit' }, asked)).not.toMatch('not found');
    // A function deployed before it told.
    expect(formatRun(RUN, asked)).not.toMatch('not found');
  });

  it('knows of an event that an earlier run has moved', () => {
    const runs = mergeRuns({ ...RUN, eventIdsFound: ['e-1'] }, { ...RUN, eventIdsFound: ['e-3'] });
    expect(formatRun(runs, ['e-1', 'e-3'])).not.toMatch('not found');
    expect(formatRun(runs, ['e-1', 'e-2'])).toMatch(/^ {2}not found {5}e-2 /m);
  });

  it('says how the moved events ended, if they were followed', () => {
    const ended = {
      followed: 3,
      applied: 2,
      stale: 0,
      ignored: 0,
      givenUp: 0,
      quarantinedAgain: { poison: 1 },
      open: 0,
    };
    expect(formatRun(RUN, [], ended)).toMatch(
      /^ {4}ended as {4}2 applied, 1 in quarantine again \(poison: 1\), 1 not followed$/m,
    );
  });

  it('of a dry run says what would move', () => {
    const dry: Run = { ...RUN, dryRun: true, moved: NONE, wouldMove: { total: 2, byReason: { poison: 2 } } };
    expect(formatRun(dry)).toMatch(/^ {2}would move {4}2 \(poison: 2\)$/m);
  });

  it.each<[Partial<Run>, boolean]>([
    [{}, true],
    [{ reachedEnd: false, stoppedBecause: 'limit' }, true],
    [{ reachedEnd: false, stoppedBecause: 'time' }, false],
    [{ skipped: { ...RUN.skipped, why: { not_sent: 1 } } }, false],
  ])('is done, or not: %j', (changes, done) => {
    expect(isDone({ ...RUN, ...changes })).toBe(done);
  });

  it('adds up what several runs moved, and keeps what the last one found', () => {
    const later: Run = {
      ...RUN,
      startedAt: '2026-01-31T09:32:00.000Z',
      examined: 6,
      moved: { total: 2, byReason: { crm_rejected: 1, poison: 1 } },
      skipped: { total: 4, byReason: { poison: 4 }, why: { filter: 4 } },
      copiesLeft: 1,
      sample: [{ outcome: 'skipped', why: 'filter', reason: 'poison', redrives: 0 }],
    };
    expect(mergeRuns(mergeRuns(undefined, RUN), later)).toMatchObject({
      startedAt: RUN.startedAt,
      examined: 10,
      moved: { total: 6, byReason: { crm_rejected: 5, poison: 1 } },
      skipped: { total: 4, byReason: { poison: 4 }, why: { filter: 4 } },
      copiesLeft: 1,
      sample: [RUN.sample[1], later.sample[0]],
    });
  });
});
