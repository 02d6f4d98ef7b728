/** The text of a condition with a part of it underlined. */
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import type { Span } from './condition.ts';

/**
 * Two lines: the text, and carets below the part. What is not printable in the text is shown as
 * spaces, one for one.
 */
export function underline(text: string, { start, end }: Span, indent = '  '): string {
  const carets = '^'.repeat(Math.max(1, end - start));
  const shown = Array.from(text, (character) => printable(character).padEnd(character.length)).join('');
  return `${indent}${shown}\n${indent}${' '.repeat(start)}${carets}`;
}
