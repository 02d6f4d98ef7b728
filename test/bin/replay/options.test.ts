import { userInfo } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { type ReplayOptions, readReplayOptions } from '../../../bin/replay/options.ts';

const NOW_MS = Date.parse('2026-11-27T10:00:00.000Z');
const read = (...argv: readonly string[]) => readReplayOptions(argv, NOW_MS);

function sending(...argv: readonly string[]): Extract<ReplayOptions, { kind: 'send' }> {
  const options = read(...argv);
  if (options.kind !== 'send') throw new Error('it sends nothing');
  return options;
}

describe('npm run replay', () => {
  it('takes a window up to now, all events, and a new id', () => {
    const { payload } = sending('--from', '2026-11-26T00:00:00Z', '--reason', 'wrong field');
    expect(payload).toEqual({
      replayId: expect.stringMatching(/^20261127T100000Z-[0-9a-f]{6}$/),
      from: '2026-11-26T00:00:00Z',
      to: '2026-11-27T10:00:00.000Z',
      types: [],
      ratePerSecond: 20,
      dryRun: false,
      by: userInfo().username,
      reason: 'wrong field',
    });
  });

  it('goes on by the command that it prints', () => {
    const given = ['--from', '2026-11-26T00:00:00Z', '--to', '2026-11-27T00:00:00Z', '--type', 'interaction.ended'];
    const first = sending(
      ...given,
      '--contact',
      '+1 555 0100',
      '--reason',
      "Ada's field",
      '--rate',
      '5',
      '--stack',
      'S',
    );
    const after = { key: 'deliveries/2026/11/26/00/a.gz', count: 20 };
    const command = first.resume(after);
    expect(command).toBe(
      'npm run replay -- --from 2026-11-26T00:00:00Z --to 2026-11-27T00:00:00Z --type interaction.ended' +
        ` --contact '+1 555 0100' --reason 'Ada'\\''s field' --rate 5 --stack S --id ${first.payload.replayId}` +
        ' --after deliveries/2026/11/26/00/a.gz:20',
    );
    const again = sending(
      ...given,
      ...['--contact', '+1 555 0100', '--reason', "Ada's field", '--rate', '5', '--stack', 'S'],
      ...['--id', first.payload.replayId, '--after', 'deliveries/2026/11/26/00/a.gz:20'],
    );
    expect(again).toMatchObject({ stack: 'S', payload: { ...first.payload, after } });
  });

  it('sends nothing when a dry run is gone on with', () => {
    const dry = sending('--from', '2026-11-26T00:00:00Z', '--dry-run', '--id', 'r1');
    expect(dry.resume({ key: 'deliveries/a.gz', count: 1 })).toBe(
      'npm run replay -- --from 2026-11-26T00:00:00Z --to 2026-11-27T10:00:00.000Z --rate 20 --id r1' +
        ' --after deliveries/a.gz:1 --dry-run',
    );
  });

  it('looks without a reason', () => {
    expect(sending('--from', '2026-11-26T00:00:00Z', '--dry-run').payload).toMatchObject({ dryRun: true });
  });

  it('counts how a replay has ended', () => {
    expect(read('--status', '20261127T100000Z-abcdef')).toEqual({
      kind: 'status',
      stack: undefined,
      json: false,
      replayId: '20261127T100000Z-abcdef',
    });
  });

  it.each([
    [[], 'From when on? --from 2026-01-31T09:30:00Z'],
    [['--from', '2026-11-26T00:00:00Z'], 'Why? --reason TEXT'],
    [['--from', 'yesterday', '--dry-run'], '--from: must be an ISO 8601 time with an offset'],
    [['--from', '2026-11-28T00:00:00Z', '--dry-run'], '--to: must be later than from'],
    [['--from', '2026-11-26T00:00:00Z', '--dry-run', '--contact', 'anonymous'], '--contact anonymous: is no address'],
    [['--from', '2026-11-26T00:00:00Z', '--dry-run', '--id', 'a b'], '--id: must be 1 to 40 letters'],
    [['--from', '2026-11-26T00:00:00Z', '--dry-run', '--after', 'x:1'], '--after goes with --id'],
    [['--status', 'a b'], '--status a b: must be the id that a replay has printed'],
  ])('refuses %j', (argv, message) => {
    expect(() => read(...argv)).toThrow(message);
  });
});
