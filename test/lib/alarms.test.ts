/** Alarms against sequences of metric values: gaps, spikes, empty queues, outages. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { type EvaluatedAlarm, type Period, statesOf } from './alarm-evaluator.ts';
import { synthesized } from './synthesized.ts';

let alarms: ReadonlyMap<string, EvaluatedAlarm>;

beforeAll(() => {
  const template = synthesized({ 'alarms.silenceMinutes': '30' });
  const found = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties as EvaluatedAlarm & { readonly AlarmName: string },
  );
  alarms = new Map(found.map((alarm) => [alarm.AlarmName.replace('GenesysCrmPipeline-', ''), alarm]));
});

/** The state after each period: `A` alarm, `.` OK. */
function states(name: string, periods: readonly Period[]): string {
  const alarm = alarms.get(name);
  if (alarm === undefined) throw new Error(`there is no alarm ${name}`);
  return statesOf(alarm, periods)
    .map((state) => (state === 'ALARM' ? 'A' : '.'))
    .join('');
}

/** Periods of an alarm on one metric; undefined is a gap. */
const values = (...of: (number | undefined)[]): Period[] => of.map((value) => (value === undefined ? {} : { value }));
const times = (count: number, period: Period): Period[] => Array.from({ length: count }, () => period);

describe('QuarantineNotEmpty', () => {
  it.each([
    ['stays quiet on an empty queue', values(0, 0, 0, 0), '....'],
    ['ignores one false 1', values(0, 1, 0, 0), '....'],
    ['fires in the second minute of a message', values(0, 1, 1, 1), '..AA'],
    ['keeps its state through gaps', values(2, 2, undefined, undefined, undefined, undefined), '.AAAAA'],
    ['clears when the queue is empty', values(2, 2, 2, 0, 0), '.AAA.'],
  ])('%s', (_what, periods, expected) => {
    expect(states('QuarantineNotEmpty', periods)).toBe(expected);
  });
});

describe('QuarantineForgotten', () => {
  const week = 604_800_000;

  it('clears on an empty queue, whose gauge is 0', () => {
    expect(states('QuarantineForgotten', values(week - 1, week, undefined, week + 60_000, 0))).toBe('.AAA.');
  });
});

describe('EventsRetriedLong', () => {
  it('stays in alarm while one event is put back every 15 minutes, and clears when it is gone', () => {
    const periods = values(400_000, 900_000, undefined, undefined, 1_800_000, undefined, undefined, undefined);
    expect(states('EventsRetriedLong', periods)).toBe('.AAAAAA.');
  });
});

describe('SchedulesSilent', () => {
  const running = { recovered: 5, observed: 5 };

  it.each([
    ['stays quiet while both schedules run', times(5, running), '.....'],
    ['survives a gap of ten minutes', [running, {}, {}, running], '....'],
    ['fires after 15 minutes without any run', [running, {}, {}, {}, {}], '...AA'],
    ['fires when one of the two schedules stops', [running, ...times(3, { recovered: 5 })], '...A'],
    ['clears when they run again', [...times(3, {}), running], '..A.'],
  ])('%s', (_what, periods, expected) => {
    expect(states('SchedulesSilent', periods)).toBe(expected);
  });
});

describe('DeliveriesSilent', () => {
  it('fires after the configured minutes without a delivery, and clears with the first', () => {
    expect(states('DeliveriesSilent', [{ accepted: 3 }, ...times(6, {}), { accepted: 1 }])).toBe('......A.');
  });

  it('is absent where silence is not configured', () => {
    const template = synthesized();
    expect(JSON.stringify(template.findResources('AWS::CloudWatch::Alarm'))).not.toContain('DeliveriesSilent');
  });
});

describe('ApiRefusing', () => {
  it.each([
    [
      'ignores a spike of one period',
      [
        { refused: 500, requests: 500 },
        { refused: 0, requests: 100 },
      ],
      '..',
    ],
    ['ignores a small share', times(3, { refused: 40, requests: 1_000 }), '...'],
    ['fires on throttling that lasts', times(2, { refused: 200, requests: 1_000 }), '.A'],
    ['stays quiet without requests', times(3, {}), '...'],
  ])('%s', (_what, periods, expected) => {
    expect(states('ApiRefusing', periods)).toBe(expected);
  });
});

describe('StateTableFailing and QuarantineFailing', () => {
  it('ignore one bad period, and fire on two of three', () => {
    expect(states('StateTableFailing', values(50, undefined, undefined, 9, 10, 12))).toBe('.....A');
    expect(states('QuarantineFailing', values(3, undefined, undefined, 1, undefined, 1))).toBe('.....A');
  });
});

describe('QuarantineRefreshBehind', () => {
  it('fires after a day without a complete refresh, and clears after a complete one', () => {
    expect(states('QuarantineRefreshBehind', values(0, 1, 1, 0))).toBe('.AA.');
  });
});

describe('Unaccounted', () => {
  const lost = { accepted: 100, done: 50, waitingMost: 0, waitingLeast: 0, heldMost: 0, heldLeast: 0 };
  const whole = { ...lost, done: 100 };

  it('ignores one hour whose metrics ran into the next', () => {
    expect(states('Unaccounted', [whole, lost, { ...whole, done: 150 }, whole])).toBe('....');
  });

  it('fires after two hours in a row', () => {
    expect(states('Unaccounted', [lost, lost, whole])).toBe('.A.');
  });
});
