import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../../lambdas/domain/limits.ts';
import { parseRedriveRequest } from '../../../../lambdas/domain/quarantine/redrive-request.ts';
import { RedriveOnFakes } from '../../../harness/redrive-on-fakes.ts';

const EVERYTHING = { reasons: [], eventTypes: [], eventIds: [] };

describe('a request of the redrive function', () => {
  it.each([
    [{}, { kind: 'redrive', filter: EVERYTHING, ratePerSecond: 50, dryRun: false }],
    [{ filter: {} }, { kind: 'redrive', filter: EVERYTHING, ratePerSecond: 50, dryRun: false }],
    [
      {
        filter: {
          reasons: ['crm_rejected'],
          eventTypes: ['interaction.ended'],
          eventIds: ['e-1'],
          receivedFrom: '2026-01-31T09:30:00Z',
          receivedTo: '2026-01-31T11:30:00+01:00',
          quarantinedBefore: '2026-01-31T12:30:00Z',
        },
        limit: 10,
        ratePerSecond: 5,
        dryRun: true,
      },
      {
        kind: 'redrive',
        filter: {
          reasons: ['crm_rejected'],
          eventTypes: ['interaction.ended'],
          eventIds: ['e-1'],
          receivedFromMs: 1_769_851_800_000,
          receivedToMs: 1_769_855_400_000,
          quarantinedBeforeMs: 1_769_862_600_000,
        },
        limit: 10,
        ratePerSecond: 5,
        dryRun: true,
      },
    ],
    [{ all: true }, { kind: 'move_all' }],
    [
      { all: true, ratePerSecond: 500 },
      { kind: 'move_all', ratePerSecond: 500 },
    ],
    [{ action: 'recover' }, { kind: 'recover' }],
    [{ action: 'refresh' }, { kind: 'refresh' }],
    [{ action: 'observe' }, { kind: 'observe' }],
    [{ action: 'list' }, { kind: 'list' }],
  ])('%j is understood', (given, request) => {
    expect(parseRedriveRequest(given, DEFAULT_LIMITS)).toEqual({ kind: 'request', request });
  });

  it.each([
    [null, ['the request: must be a JSON object']],
    [[], ['the request: must be a JSON object']],
    ['all', ['the request: must be a JSON object']],
    [{ all: 'yes' }, ['all: must be true']],
    [{ all: true, limit: 3 }, ['the request: limit is not known here: it takes all, ratePerSecond']],
    [{ action: 'repair' }, ['action: must be list, recover, refresh or observe']],
    [{ limit: 0, dryRun: 'no' }, ['limit: must be a whole number from 1 on', 'dryRun: must be true or false']],
    [{ ratePerSecond: 501 }, ['ratePerSecond: must be a whole number from 1 to 500']],
    [{ ratePerSecond: 0.5 }, ['ratePerSecond: must be a whole number from 1 to 500']],
    [{ filter: [] }, ['filter: takes reasons, eventTypes, eventIds, receivedFrom, receivedTo, quarantinedBefore']],
    [{ filter: { eventTypes: 'interaction.ended' } }, ['filter.eventTypes: must be a list of at most 100']],
    [
      { filter: { eventIds: [7, ''] } },
      [
        'filter.eventIds.0: must be a string of 1 to 256 characters',
        'filter.eventIds.1: must be a string of 1 to 256 characters',
      ],
    ],
    [
      { filter: { receivedFrom: 'yesterday' } },
      ['filter.receivedFrom: must be an ISO 8601 date and time with an offset, such as 2026-01-31T09:30:00Z'],
    ],
    [
      { filter: { receivedFrom: '2026-01-31T09:30:00Z', receivedTo: '2026-01-31T10:00:00+01:00' } },
      ['filter.receivedTo: must be later than filter.receivedFrom: nothing is received between the two'],
    ],
    [
      { filter: { receivedFrom: '2026-01-31T09:30:00Z', receivedTo: '2026-01-31T09:30:00Z' } },
      ['filter.receivedTo: must be later than filter.receivedFrom: nothing is received between the two'],
    ],
    [
      { Filter: {}, filter: { reason: 'poison' } },
      [
        'filter: reason is not known here: it takes reasons, eventTypes, eventIds, receivedFrom, receivedTo, quarantinedBefore',
        'the request: Filter is not known here: it takes filter, limit, ratePerSecond, dryRun, listMoved, giveUp, newKey',
      ],
    ],
  ])('%j is refused, naming all that is wrong', (given, problems) => {
    expect(parseRedriveRequest(given, DEFAULT_LIMITS)).toEqual({ kind: 'refused', problems });
  });

  it('with an unknown reason lists the known ones', () => {
    expect(parseRedriveRequest({ filter: { reasons: ['crm_rejected', 'bad_luck'] } }, DEFAULT_LIMITS)).toEqual({
      kind: 'refused',
      problems: [
        expect.stringMatching(/^filter\.reasons\.1: must be one of circuit_open, retries_exhausted, .*dead_lettered$/),
      ],
    });
  });

  it('that is refused touches nothing, and is answered', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'e', reason: 'crm_rejected' });
    expect(await world.ask({ limit: -1 })).toEqual({
      kind: 'refused',
      problems: ['limit: must be a whole number from 1 on'],
    });
    expect(world.ids('quarantine', 'visible')).toEqual(['e']);
    expect(world.log.entries).toEqual([
      {
        level: 'warn',
        message: 'quarantine: request refused',
        details: { problems: 'limit: must be a whole number from 1 on' },
      },
    ]);
  });

  it.each([
    [
      { kind: 'started', taskHandle: 'h', sourceArn: 'arn' } as const,
      { kind: 'move_started', taskHandle: 'h', sourceArn: 'arn' },
    ],
    [
      { kind: 'running', sourceArn: 'arn', moved: 3, toMove: 9 } as const,
      { kind: 'move_running', sourceArn: 'arn', moved: 3, toMove: 9 },
    ],
    [{ kind: 'unavailable', cause: 'SQS: timeout' } as const, { kind: 'unavailable', cause: 'SQS: timeout' }],
  ])('for all of quarantine is handed to SQS: %j', async (started, answer) => {
    const rates: unknown[] = [];
    const tasks = {
      start: async (rate: number | undefined) => {
        rates.push(rate);
        return started;
      },
    };
    expect(await new RedriveOnFakes().ask({ all: true, ratePerSecond: 9 }, { tasks })).toEqual(answer);
    expect(rates).toEqual([9]);
  });
});

describe('a request with more wrong than anybody would read', () => {
  it('is refused in few words, which an answer of Lambda has room for', async () => {
    const reasons = Array.from({ length: 100 }, () => 'no reason');
    const answer = await new RedriveOnFakes().ask({ ['k'.repeat(1_000_000)]: 1, filter: { reasons } });
    expect(answer.kind === 'refused' && answer.problems.length).toBe(21);
    expect(answer.kind === 'refused' && answer.problems.at(-1)).toBe('and 81 more');
    expect(JSON.stringify(answer).length).toBeLessThan(10_000);
  });
});
