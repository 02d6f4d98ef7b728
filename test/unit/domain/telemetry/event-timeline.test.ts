import { describe, expect, it } from '@jest/globals';
import type { EventRow } from '../../../../lambdas/domain/idempotency/event-row.ts';
import { timelineOf } from '../../../../lambdas/domain/telemetry/event-timeline.ts';

const AT = Date.parse('2026-01-31T09:30:00Z');

function row(values: Partial<EventRow>): EventRow {
  const common = { owner: 'o', identity: 'i', attempts: 1, expiredLeases: 0, redrives: 0 };
  return { ...common, status: 'COMPLETED', firstReceivedAtMs: AT, origin: 'genesys-webhook', ...values };
}

function told(values: Partial<EventRow>, nowMs = AT + 60_000) {
  const { state, summary, steps } = timelineOf(row(values), nowMs);
  return {
    state,
    summary,
    steps: steps.map(({ atMs, what, detail = '' }) => `${atMs - AT} ${what} ${detail}`.trimEnd()),
  };
}

describe('the life of an event', () => {
  it('that was applied after a failure', () => {
    const history = [{ atMs: AT + 10, what: 'failed', detail: 'HTTP 503' }] as const;
    expect(told({ attempts: 2, settledAtMs: AT + 5_000, history: history })).toEqual({
      state: 'completed',
      summary: 'Applied to the CRM, at attempt 2.',
      steps: ['0 received genesys-webhook', '10 attempt failed HTTP 503', '5000 applied attempt 2'],
    });
  });

  it('that was overtaken', () => {
    expect(told({ status: 'STALE', attempts: 0, settledAtMs: AT + 1 })).toEqual({
      state: 'stale',
      summary: 'Settled without a CRM call: something newer of the same contact had been applied before.',
      steps: ['0 received genesys-webhook', '1 settled as stale'],
    });
  });

  it('that no mapping handles', () => {
    expect(told({ status: 'IGNORED', attempts: 0, settledAtMs: AT + 1 })).toMatchObject({ state: 'ignored' });
  });

  it('that waits in quarantine for the second time', () => {
    const history = [
      { atMs: AT + 1, what: 'quarantined', detail: 'crm_rejected: HTTP 422' },
      { atMs: AT + 2, what: 'redriven' },
      { atMs: AT + 3, what: 'quarantined', detail: 'crm_rejected: HTTP 422' },
    ] as const;
    const life = timelineOf(
      row({
        status: 'QUARANTINED',
        reason: 'crm_rejected',
        lastError: 'HTTP 422',
        settledAtMs: AT + 3,
        history: history,
      }),
      AT,
    );
    expect(life).toEqual({
      state: 'quarantined',
      summary: 'In quarantine as crm_rejected: The CRM refused it. Last error: HTTP 422',
      message: 'In the quarantine queue, or on its way back if it was redriven a moment ago.',
      next: 'Read what the CRM said. Fix the data in the CRM, or the mapping, then redrive.',
      steps: [
        { atMs: AT, what: 'received', detail: 'genesys-webhook' },
        { atMs: AT + 1, what: 'quarantined', detail: 'crm_rejected: HTTP 422' },
        { atMs: AT + 2, what: 'redriven' },
        { atMs: AT + 3, what: 'quarantined', detail: 'crm_rejected: HTTP 422' },
      ],
    });
  });

  it('whose row was quarantined before rows kept a history', () => {
    expect(told({ status: 'QUARANTINED', reason: 'too_old', settledAtMs: AT + 3 }).steps).toEqual([
      '0 received genesys-webhook',
      '3 quarantined too_old',
    ]);
  });

  it.each([
    [1, 'in_flight', 'Attempt 1 works on it, until 2026-01-31 09:31:00 UTC at the latest.'],
    [60_000, 'abandoned', 'Attempt 1 ended without a word: its lease ran out at 2026-01-31 09:31:00 UTC.'],
  ])('that an attempt has taken, %d ms later', (afterMs, state, summary) => {
    const values = { status: 'IN_PROGRESS', leaseExpiresAtMs: AT + 60_000 } as const;
    expect(told(values, AT + afterMs)).toMatchObject({ state, summary });
  });

  it.each([
    [0, 'is due at 2026-01-31 09:30:05 UTC'],
    [9_000, 'was due at 2026-01-31 09:30:05 UTC'],
  ])('that waits for its next attempt, %d ms later', (afterMs, due) => {
    const values = { status: 'FAILED', nextAttemptAtMs: AT + 5_000, lastError: 'HTTP 503' } as const;
    expect(told(values, AT + afterMs)).toMatchObject({
      state: 'waiting',
      summary: `Attempt 1 failed; the next ${due}. Last error: HTTP 503`,
    });
  });

  it('of which there is no row', () => {
    expect(timelineOf(undefined, AT)).toMatchObject({
      state: 'unknown',
      summary: 'The state table has no row of this id.',
      steps: [],
    });
  });

  it('shows nothing that moves a cursor', () => {
    const history = [{ atMs: AT, what: 'failed', detail: '\u001b[2J\u009b31mred' }] as const;
    const life = timelineOf(
      row({ status: 'FAILED', nextAttemptAtMs: AT, lastError: 'a\u001b]0;b\u0007c', history: history }),
      AT,
    );
    const shown = [life.summary, ...life.steps.map(({ detail = '' }) => detail)].join('');
    expect(shown).not.toMatch(/\p{Cc}/u);
  });
});
