/** A request of any kind, from its text to the answer and the log line. */
import type { RedriveAnswer } from '../domain/redrive-answer.ts';
import { parseRedriveRequest, type RedriveRequest } from '../domain/redrive-request.ts';
import type { Log, MoveTasks } from '../ports.ts';
import { moveAll } from './move-all.ts';
import { type ObserveDependencies, observe } from './observe.ts';
import { type RecoverDependencies, recover } from './recover.ts';
import { redrive } from './redrive.ts';
import { refresh } from './refresh.ts';

/** What the function works with. */
export interface RedriveDependencies extends RecoverDependencies, ObserveDependencies {
  readonly tasks: MoveTasks;
  readonly log: Log;
}

/** Carries a request out, by `endsAtMs` if the ports keep their budgets. Whatever is wrong with it is in the answer. */
export async function carryOut(given: unknown, endsAtMs: number, deps: RedriveDependencies): Promise<RedriveAnswer> {
  const parsed = parseRedriveRequest(given, deps.limits);
  const answer: RedriveAnswer = parsed.kind === 'request' ? await answerTo(parsed.request, endsAtMs, deps) : parsed;
  if ((answer.kind === 'redrive' || answer.kind === 'recover') && answer.moved.total > 0)
    deps.metrics.add('EventsRedriven', answer.moved.total);
  logAnswer(answer, deps.log);
  return answer;
}

function answerTo(request: RedriveRequest, endsAtMs: number, deps: RedriveDependencies): Promise<RedriveAnswer> {
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
      return observe(deps);
    default:
      return request satisfies never;
  }
}

/** One line a request that may move something; a warning where something is left undone that nobody has asked to be left. */
function logAnswer(answer: RedriveAnswer, log: Log): void {
  switch (answer.kind) {
    case 'redrive':
    case 'recover':
    case 'refresh': {
      // Every minute of every good day.
      if (answer.kind === 'recover' && answer.looked === 0 && answer.reachedEnd) break;
      const { looked, reachedEnd, stoppedBecause, cause, copiesLeft } = answer;
      const undone = stoppedBecause === 'unavailable' || (answer.kind === 'refresh' && !reachedEnd);
      log.write(undone ? 'warn' : 'info', `quarantine: ${answer.kind}`, {
        looked,
        moved: answer.moved.total,
        wouldMove: answer.wouldMove.total,
        refreshed: answer.refreshed.total,
        dropped: answer.dropped.total,
        stays: answer.stays.total,
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
      // Its metrics say it all.
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
