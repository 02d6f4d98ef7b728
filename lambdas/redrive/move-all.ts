/**
 * Hands all of quarantine to SQS's own move task: faster than a look at each message, and without a
 * choice.
 */
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import type { MoveTasks } from '../ports.ts';

/** Starts a task, or reports the progress of the running one. */
export async function moveAll(ratePerSecond: number | undefined, tasks: MoveTasks): Promise<RedriveResult> {
  const started = await tasks.start(ratePerSecond);
  switch (started.kind) {
    case 'started':
      return { ...started, kind: 'move_started' };
    case 'running':
      return { ...started, kind: 'move_running' };
    case 'unavailable':
      return started;
    default:
      return started satisfies never;
  }
}
