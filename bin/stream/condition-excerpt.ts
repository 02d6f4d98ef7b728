/** The text of a condition with a part of it underlined. */
import type { Span } from './condition.ts';

/** Two lines: the text, and carets below the part. Line breaks and tabs in the text are shown as spaces. */
export function underline(text: string, { start, end }: Span, indent = '  '): string {
  const carets = '^'.repeat(Math.max(1, end - start));
  return `${indent}${text.replaceAll(/\s/g, ' ')}\n${indent}${' '.repeat(start)}${carets}`;
}
