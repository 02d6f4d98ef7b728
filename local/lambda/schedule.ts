/** Schedules: functions invoked at a rate. */
import { randomUUID } from 'node:crypto';
import { UserError } from '../../cli/user-error.ts';

/** A schedule as the template has it. */
export interface ScheduleSpec {
  readonly logicalId: string;
  readonly everyMs: number;
  readonly functionArn: string;
  /** The event; without one, that of EventBridge. */
  readonly input?: unknown;
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * The period of a rate expression. Other expressions are refused: a local pipeline does not wait
 * for a time of day.
 */
export function parseRate(expression: string, where: string): number {
  const [, count, unit = ''] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression.trim()) ?? [];
  const everyMs = Number(count) * (UNIT_MS[unit] ?? 0);
  if (everyMs > 0) return everyMs;
  throw new UserError(`${where}: the local pipeline runs rate(…) schedules, not ${expression}`);
}

/** Runs schedules until it is stopped. */
export class Scheduler {
  readonly #timers: NodeJS.Timeout[];

  constructor(schedules: readonly ScheduleSpec[], invoke: (functionArn: string, event: unknown) => void) {
    this.#timers = schedules.map((schedule) =>
      setInterval(() => invoke(schedule.functionArn, schedule.input ?? scheduledEvent(schedule)), schedule.everyMs),
    );
  }

  /** Ends all schedules. */
  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }
}

function scheduledEvent(schedule: ScheduleSpec): object {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: new Date().toISOString(),
    region: 'us-east-1',
    resources: [`arn:aws:events:us-east-1:000000000000:rule/${schedule.logicalId}`],
    detail: {},
  };
}
