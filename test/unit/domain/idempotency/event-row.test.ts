import { describe, expect, it } from '@jest/globals';
import { truncateError } from '../../../../lambdas/domain/idempotency/event-row.ts';
import { appendHistory } from '../../../../lambdas/domain/idempotency/history.ts';

describe('an error as it is kept', () => {
  it.each([
    ['short', 'HTTP 422: no 😀', 'HTTP 422: no 😀'],
    ['too long', 'x'.repeat(1_001), 'x'.repeat(1_000)],
    ['cut within a character', `${'x'.repeat(999)}😀`, `${'x'.repeat(999)}\ufffd`],
    ['a mapping’s, with half a surrogate pair', 'no \ud83d here', 'no \ufffd here'],
  ])('%s', (_what, error, kept) => {
    expect(truncateError(error)).toBe(kept);
  });
});

describe('the history', () => {
  it('cuts a detail between characters', () => {
    const [entry] = appendHistory([], { atMs: 1, what: 'failed', detail: `${'x'.repeat(159)}😀` });
    expect(entry?.detail).toBe(`${'x'.repeat(159)}\ufffd`);
  });
});
