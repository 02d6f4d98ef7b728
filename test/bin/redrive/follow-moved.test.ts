import { describe, expect, it } from '@jest/globals';
import { areAllFinal, type EventOutcome, followMoved, formatMoved } from '../../../bin/redrive/follow-moved.ts';

const MOVED_AT_MS = 10_000;

/** Follows events whose rows change with each look, a second apart. */
async function follow(looks: readonly Readonly<Record<string, EventOutcome>>[], waitMs = 60_000) {
  let nowMs = MOVED_AT_MS;
  let look = 0;
  const keys = Object.keys(looks[0] ?? {});
  const events = await followMoved(keys, MOVED_AT_MS, waitMs, {
    read: async (open) => {
      const rows = looks[Math.min(look++, looks.length - 1)] ?? {};
      return new Map(Object.entries(rows).filter(([key]) => open.includes(key)));
    },
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    onProgress: () => {},
  });
  return { events, tookMs: nowMs - MOVED_AT_MS };
}

const WAITED: EventOutcome = { status: 'QUARANTINED', reason: 'crm_rejected', settledAtMs: 9_000 };
const APPLIED: EventOutcome = { status: 'COMPLETED', settledAtMs: 11_000 };
const AGAIN: EventOutcome = { status: 'QUARANTINED', reason: 'crm_rejected', settledAtMs: 11_000 };

describe('following moved events', () => {
  it('waits until each is final or in quarantine again', async () => {
    const { events, tookMs } = await follow([
      { a: WAITED, b: WAITED, c: WAITED },
      { a: APPLIED, b: { status: 'FAILED' }, c: AGAIN },
      { a: APPLIED, b: { ...APPLIED, status: 'STALE' }, c: AGAIN },
    ]);
    expect(tookMs).toBe(2_000);
    expect(formatMoved(events, 3)).toBe('1 applied, 1 stale, 1 in quarantine again (crm_rejected: 1)');
    expect(areAllFinal(events)).toBe(false);
  });

  it('ends when its time is over', async () => {
    const { events, tookMs } = await follow([{ a: WAITED }], 5_000);
    expect(tookMs).toBe(5_000);
    expect(formatMoved(events, 1)).toBe('1 not ended yet: npm run redrive -- --list, or npm run event -- <id>');
  });

  it('is content where all were applied or given up', async () => {
    const { events } = await follow([{ a: APPLIED, b: { status: 'ABANDONED' } }]);
    expect(formatMoved(events, 2)).toBe('1 applied, 1 given up');
    expect(areAllFinal(events)).toBe(true);
  });
});
