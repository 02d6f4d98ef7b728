/** Asking before something is changed. */
import type { CliContext } from './surroundings.ts';

/** Whether to go on: yes with `--yes`, or where somebody answers so. Says that nothing was changed where not. */
export async function confirmed(question: string, yes: boolean, around: CliContext): Promise<boolean> {
  if (yes) return true;
  const answer = await around.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer?.trim() ?? '')) return true;
  around.note(
    answer === undefined ? 'Nobody answered; nothing was changed. --yes does not ask.' : 'Nothing was changed.',
  );
  return false;
}
