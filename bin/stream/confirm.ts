/** Asking before something is changed. */
import type { CliContext } from './surroundings.ts';

/**
 * Asks for confirmation. True with `--yes`, or if the user agrees; otherwise prints that nothing
 * was changed.
 */
export async function confirmed(question: string, yes: boolean, around: CliContext): Promise<boolean> {
  if (yes) return true;
  const answer = await around.ask(`${question} [y/N] `);
  if (/^y(es)?$/i.test(answer?.trim() ?? '')) return true;
  around.note(
    answer === undefined ? 'Nobody answered; nothing was changed. --yes does not ask.' : 'Nothing was changed.',
  );
  return false;
}
