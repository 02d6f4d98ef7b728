/** A request of any kind, from its text to the answer and the log line. */

import { parseRedriveRequest, type RedriveRequest } from '../domain/quarantine/redrive-request.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import type { Log, Metrics, MoveTasks } from '../ports.ts';
import { type ListDependencies, listQuarantine } from './list-quarantine.ts';
import { moveAll } from './move-all.ts';
import { type GaugeDependencies, publishGauges } from './publish-gauges.ts';
import { type RecoverDependencies, recover } from './recover.ts';
import { redrive } from './redrive.ts';
import { refresh } from './refresh.ts';

/** Ports and settings of the function. */
export interface RedriveDependencies extends RecoverDependencies, GaugeDependencies, ListDependencies {
  readonly tasks: MoveTasks;
  readonly log: Log;
}

/**
 * Carries a request out, by `endsAtMs` if the ports keep their budgets. Whatever is wrong with it
 * is in the answer.
 */
export async function handleRedriveRequest(
  given: unknown,
  endsAtMs: number,
  deps: RedriveDependencies,
): Promise<RedriveResult> {
  const parsed = parseRedriveRequest(given, deps.limits);
  const answer: RedriveResult = parsed.kind === 'request' ? await answerTo(parsed.request, endsAtMs, deps) : parsed;
  if ((answer.kind === 'redrive' || answer.kind === 'recover') && answer.moved.total > 0)
    deps.metrics.add('EventsRedriven', answer.moved.total);
  countRun(parsed, answer, deps.metrics);
  logAnswer(answer, deps.log);
  return answer;
}

/** The heartbeat of the schedules, and whether a refresh keeps up. */
function countRun(parsed: ReturnType<typeof parseRedriveRequest>, answer: RedriveResult, metrics: Metrics): void {
  if (parsed.kind !== 'request') return;
  const { kind } = parsed.request;
  if (kind === 'recover' || kind === 'observe' || kind === 'refresh') metrics.addBy('ScheduledRuns', kind, 1);
  if (answer.kind === 'refresh') metrics.add('RefreshUnfinished', answer.reachedEnd ? 0 : 1);
}

function answerTo(request: RedriveRequest, lastMs: number, deps: RedriveDependencies): Promise<RedriveResult> {
  const { limits, clock } = deps;
  // The function may run for as long as a refresh needs. People do not wait for that.
  const runMs = request.kind === 'refresh' ? limits.refreshRunMs : limits.redriveFunctionTimeoutMs;
  const endsAtMs = Math.min(lastMs, clock.now() + runMs);
  switch (request.kind) {
    case 'redrive':
      return redrive(request, endsAtMs, deps);
    case 'move_all':
      return moveAll(request.ratePerSecond, deps.tasks);
    case 'recover':
      return recover(endsAtMs, deps);
    case 'refresh':
      return refresh(endsAtMs, deps);
    case 'observe':
      return publishGauges(deps);
    case 'list':
      return listQuarantine(deps);
    default:
      return request satisfies never;
  }
}

/**
 * Logs one line for each request that may move something; a warning if work was unintentionally
 * left unfinished.
 */
function logAnswer(answer: RedriveResult, log: Log): void {
  switch (answer.kind) {
    case 'redrive':
    case 'recover':
    case 'refresh': {
      // The schedule recovers once a minute; a run that finds nothing is not logged.
      if (answer.kind === 'recover' && answer.examined === 0 && answer.reachedEnd) break;
      const { examined: looked, reachedEnd, stoppedBecause, cause, copiesLeft } = answer;
      const undone = stoppedBecause === 'unavailable' || (answer.kind === 'refresh' && !reachedEnd);
      log.write(undone ? 'warn' : 'info', `quarantine: ${answer.kind}`, {
        looked,
        moved: answer.moved.total,
        wouldMove: answer.wouldMove.total,
        refreshed: answer.refreshed.total,
        dropped: answer.dropped.total,
        skipped: answer.skipped.total,
        copiesLeft,
        reachedEnd,
        stoppedBecause,
        cause,
        circuit: answer.kind === 'recover' ? answer.circuit : undefined,
      });
      break;
    }
    case 'move_started':
    case 'move_running':
      log.write('info', `quarantine: ${answer.kind}`, { sourceArn: answer.sourceArn });
      break;
    case 'observed':
    case 'listed':
      // Their metrics or their answer say it all.
      break;
    case 'refused':
      log.write('warn', 'quarantine: request refused', { problems: answer.problems.join('; ') });
      break;
    case 'unavailable':
      log.write('warn', 'quarantine: move task not started', { cause: answer.cause });
      break;
    default:
      answer satisfies never;
  }
}
