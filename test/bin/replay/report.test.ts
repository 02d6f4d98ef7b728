import { describe, expect, it } from '@jest/globals';
import { readReplayOptions } from '../../../bin/replay/options.ts';
import { addRuns, countEnds, formatEnds, formatReplay, type ReplayRun } from '../../../bin/replay/report.ts';
import type { EventStatus } from '../../../lambdas/domain/idempotency/event-row.ts';
import type { KeyedRow } from '../../../lambdas/ports.ts';

const argv = ['--from', '2026-11-26T00:00:00Z', '--to', '2026-11-27T00:00:00Z', '--reason', 'why', '--id', 'r1'];
const options = (...more: readonly string[]) => {
  const read = readReplayOptions([...argv, ...more]);
  if (read.kind !== 'send') throw new Error('it sends nothing');
  return read;
};
const run = (changes: Partial<ReplayRun> = {}): ReplayRun => ({
  kind: 'replay',
  examined: 12,
  matched: { 'interaction.created': 3, 'interaction.ended': 7 },
  sent: 10,
  repeated: 0,
  unreadable: 0,
  ...changes,
});
const place = { key: 'deliveries/a.gz', count: 4 };

describe('the report of a replay', () => {
  it('says what was sent, and how to see its end', () => {
    expect(formatReplay(run(), options())).toBe(
      `  replay r1: deliveries of 2026-11-26T00:00:00Z to 2026-11-27T00:00:00Z
  12 looked at, 10 meant
         7  interaction.ended
         3  interaction.created
  10 sent to the delivery queue
  How they have ended: npm run replay -- --status r1`,
    );
  });

  it('of a dry run says what would be sent', () => {
    expect(formatReplay(run({ sent: 0, repeated: 5, unreadable: 2 }), options('--dry-run'))).toBe(
      `  replay r1: deliveries of 2026-11-26T00:00:00Z to 2026-11-27T00:00:00Z
  12 looked at, 10 would be sent
         7  interaction.ended
         3  interaction.created
  5 left out: the same events, delivered or tried more than once
  2 left out: no event, or too large to be sent again`,
    );
  });

  it('of one that stopped says how to go on', () => {
    const text = formatReplay(run({ after: place, cause: 'SQS: ServiceUnavailable' }), options());
    expect(text).toContain(
      '  stopped: SQS: ServiceUnavailable\n  To go on: npm run replay -- --from 2026-11-26T00:00:00Z',
    );
    expect(text).toContain('--id r1 --after deliveries/a.gz:4');
  });

  it('names damaged objects once, and nothing that a terminal would obey', () => {
    const key = 'deliveries/\u001b[31m.gz';
    const sum = addRuns(run({ damaged: [key] }), run({ damaged: [key, 'deliveries/b.gz'] }));
    expect(formatReplay(sum, options())).toContain(
      '  damaged, and sent only in part:\n    deliveries/ [31m.gz\n    deliveries/b.gz\n',
    );
  });

  it('adds up types that are names of properties of every object', () => {
    const sum = addRuns(run({ matched: {} }), run({ matched: JSON.parse('{"constructor":1,"__proto__":2}') }));
    expect(Object.entries(sum.matched)).toEqual([
      ['constructor', 1],
      ['__proto__', 2],
    ]);
  });

  it('adds runs up, and stays where it was if a run failed at once', () => {
    const first = addRuns(undefined, run({ after: place }));
    expect(addRuns(first, run({ matched: { other: 1 } }))).toEqual({
      kind: 'replay',
      examined: 24,
      matched: { 'interaction.created': 3, 'interaction.ended': 7, other: 1 },
      sent: 20,
      repeated: 0,
      unreadable: 0,
    });
    const failed = {
      kind: 'replay',
      examined: 0,
      matched: {},
      sent: 0,
      repeated: 0,
      unreadable: 0,
      cause: 'S3',
    } as const;
    expect(addRuns(first, failed)).toMatchObject({ after: place, cause: 'S3', sent: 10 });
  });
});

describe('the ends of a replay', () => {
  const rows = (...statuses: readonly EventStatus[]) =>
    statuses.map((status) => ({ key: 'k', row: { status } }) as KeyedRow);

  it('are counted by what they mean', () => {
    const ends = countEnds(rows('COMPLETED', 'STALE', 'STALE', 'FAILED', 'IN_PROGRESS', 'QUARANTINED'));
    expect(formatEnds('r1', ends)).toBe(`  replay r1: 6 events
         1  applied again
         2  stale: a newer event of the contact is applied
         1  in quarantine: npm run redrive -- --list
         2  being tried`);
  });

  it('may be none yet', () => {
    expect(formatEnds('r1', countEnds([]))).toBe(
      '  replay r1: no event of it has been worked on yet, or its rows have expired',
    );
  });
});
