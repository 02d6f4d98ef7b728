import { userInfo } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { readRedriveOptions } from '../../../bin/redrive/options.ts';
import { QUARANTINE_REASONS } from '../../../lambdas/domain/quarantine/quarantine-reasons.ts';

const read = (line: string) => readRedriveOptions(line.split(' ').filter((part) => part !== ''));

describe('npm run redrive', () => {
  it.each([
    ['--list', { action: 'list' }],
    ['--dry-run', { filter: {}, dryRun: true }],
    ['--list --reason poison', { action: 'list' }],
    [
      '--reason crm_rejected --reason poison --type interaction.ended --limit 10 --rate 5',
      {
        filter: { reasons: ['crm_rejected', 'poison'], eventTypes: ['interaction.ended'] },
        dryRun: false,
        limit: 10,
        ratePerSecond: 5,
      },
    ],
    [
      '--event-id a --event-id b --from 2026-01-31T09:30:00Z --to 2026-01-31T10:31:00+01:00',
      {
        filter: { eventIds: ['a', 'b'], receivedFrom: '2026-01-31T09:30:00Z', receivedTo: '2026-01-31T10:31:00+01:00' },
        dryRun: false,
      },
    ],
    ['--all', { all: true }],
    ['--all --rate 100', { all: true, ratePerSecond: 100 }],
  ])('understands “%s”', (line, payload) => {
    expect(read(line)).toEqual({
      payload,
      limit: line.includes('--limit') ? 10 : undefined,
      eventIds: line.includes('--event-id') ? ['a', 'b'] : [],
      reasons: [...line.matchAll(/--reason (\w+)/g)].map(([, reason]) => reason),
      json: false,
      stack: undefined,
      functionName: undefined,
      waitMs: undefined,
    });
  });

  it('gives named events up for a reason, in the name of who runs it', () => {
    const argv = ['--event-id', 'a', '--give-up', 'sent by mistake', '--dry-run'];
    expect(readRedriveOptions(argv).payload).toEqual({
      filter: { eventIds: ['a'] },
      dryRun: true,
      giveUp: { by: userInfo().username, why: 'sent by mistake' },
    });
  });

  it('asks for a new idempotency key', () => {
    expect(readRedriveOptions(['--event-id', 'a', '--new-key']).payload).toEqual({
      filter: { eventIds: ['a'] },
      dryRun: false,
      newKey: true,
    });
  });

  it('takes a function in AWS, and JSON, with anything', () => {
    expect(read('--all --function Redrive --json')).toMatchObject({ functionName: 'Redrive', json: true });
  });

  it('follows what it moves, for two minutes or as long as is said', () => {
    expect(read('--reason poison --wait')).toMatchObject({ payload: { listMoved: true }, waitMs: 120_000 });
    expect(read('--reason poison --wait 5 --stack S')).toMatchObject({ waitMs: 5_000, stack: 'S' });
  });

  it.each([
    ['--reason poison --dry-run --wait', /^--wait follows what was moved: not with --dry-run$/],
    ['--reason poison --wait --function F', /^--wait reads the state table: use --stack instead of --function$/],
    ['--list --stack S --function F', /^--stack finds the function: it does not go with --function$/],
    ['', /^Say what is to be moved: without that it would be everything/],
    ['--limit 10', /^Say what is to be moved/],
    ['--reason bad_luck', /^--reason: must be one of circuit_open, .*, dead_lettered$/],
    ['--from yesterday --reason poison', /^--from: must be an ISO 8601 date and time with an offset/],
    [
      '--from 2026-01-31T09:30:00Z --to 2026-01-31T09:00:00Z',
      /^--to: must be later than --from: nothing is received between the two$/,
    ],
    ['--reason poison --limit 1.5', /^--limit: must be a whole number from 1 on$/],
    ['--reason poison --rate 1000', /^--rate: must be a whole number from 1 to 500$/],
    ['--all --rate fast', /^--rate: must be a whole number from 1 to 500$/],
    ['--all --reason poison --dry-run', /^--all moves everything .*, which knows no --reason, --dry-run\./],
    ['--type interaction.ended --give-up old', /^--give-up: takes --event-id or --reason: giving up everything/],
    ['--all --give-up old', /^--all moves everything .*, which knows no --give-up\./],
    [
      '--list --limit 5 --dry-run',
      /^--list reads the index, and takes only --reason. With --limit, --dry-run use --dry-run/,
    ],
    ['--list --reason bad_luck', /^--reason: must be one of/],
    ['--everything', /^Unknown option '--everything'/],
    ['--dryrun', /^Unknown option '--dryrun'. Did you mean --dry-run\?/],
    ['--event-id --dry-run', /^Option '--event-id <id>' argument missing/],
    ['--limit', /^Option '--limit <n>' argument missing/],
    ['poison', /^Unexpected argument 'poison'/],
  ])('refuses “%s”', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  it('explains each reason, and marks those that go back by themselves', () => {
    for (const [reason, { recovery }] of Object.entries(QUARANTINE_REASONS)) {
      const mark = recovery === 'never' ? ' ' : '\\*';
      expect(() => readRedriveOptions(['--help'])).toThrow(new RegExp(`^  ${mark} ${reason} +\\w`, 'm'));
    }
  });
});
