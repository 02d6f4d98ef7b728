import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type CircuitBreakerRow,
  claimProbe,
  closeCircuitBreaker,
  isSameCircuitBreaker,
  openCircuitBreaker,
  pauseCircuitBreaker,
  readCircuitBreaker,
  stateOf,
} from '../../../../lambdas/domain/crm/circuit-breaker.ts';
import { DEFAULT_LIMITS } from '../../../../lambdas/domain/limits.ts';

const NOW = 1_000_000;
const CLOSED: CircuitBreakerRow = { state: 'CLOSED', version: 4, outages: [] };
const OPEN = openCircuitBreaker(CLOSED, NOW, DEFAULT_LIMITS);

describe('the circuit', () => {
  it('opens at the version under which the calls failed, and lets one probe through after 30 s', () => {
    expect(OPEN).toEqual({ state: 'OPEN', version: 4, openedAtMs: NOW, probeAtMs: NOW + 30_000, outages: [] });
    expect(stateOf(CLOSED, NOW)).toBe('closed');
    expect(stateOf(OPEN, NOW + 29_999)).toBe('open');
    expect(stateOf(OPEN, NOW + 30_000)).toBe('probe_due');
  });

  it('is closed to all others for 30 s more once a probe is taken', () => {
    const probed = claimProbe(OPEN, 'a', NOW + 31_000, DEFAULT_LIMITS);
    expect(probed).toEqual({ ...OPEN, probeAtMs: NOW + 61_000, probeOwner: 'a' });
    expect(stateOf(probed, NOW + 60_999)).toBe('open');
    expect(stateOf(probed, NOW + 61_000)).toBe('probe_due');
  });

  it('closes at the next version, and remembers the outage', () => {
    expect(closeCircuitBreaker(OPEN, NOW + 40_000)).toEqual({
      state: 'CLOSED',
      version: 5,
      outages: [{ openedAtMs: NOW, closedAtMs: NOW + 40_000 }],
    });
  });

  it('remembers the last twenty outages', () => {
    let row = CLOSED;
    for (let outage = 0; outage < 25; outage += 1)
      row = closeCircuitBreaker(openCircuitBreaker(row, NOW + outage, DEFAULT_LIMITS), NOW + outage);
    expect(row.version).toBe(29);
    expect(row.outages).toHaveLength(20);
    expect(row.outages[0]).toEqual({ openedAtMs: NOW + 5, closedAtMs: NOW + 5 });
  });

  it('is paused until the time that the CRM asks for, never for less than before', () => {
    const paused = pauseCircuitBreaker(CLOSED, NOW + 10_000, NOW, DEFAULT_LIMITS);
    expect(paused).toEqual({ ...CLOSED, notBeforeMs: NOW + 10_000 });
    expect([stateOf(paused, NOW + 9_999), stateOf(paused, NOW + 10_000)]).toEqual(['paused', 'closed']);
    expect(pauseCircuitBreaker(paused, NOW + 9_000, NOW, DEFAULT_LIMITS)).toBe(paused);
    expect(pauseCircuitBreaker(paused, NOW + 11_000, NOW, DEFAULT_LIMITS).notBeforeMs).toBe(NOW + 11_000);
    expect(isSameCircuitBreaker({ ...CLOSED }, { ...paused })).toBe(false);
    expect(readCircuitBreaker({ ...paused }, NOW, DEFAULT_LIMITS).row).toEqual(paused);
  });

  it('opens by a pause of more than 15 minutes, with its first probe at the end of it', () => {
    const opened = pauseCircuitBreaker(CLOSED, NOW + 3_600_000, NOW, DEFAULT_LIMITS);
    expect(opened).toEqual({ state: 'OPEN', version: 4, openedAtMs: NOW, probeAtMs: NOW + 3_600_000, outages: [] });
    expect(readCircuitBreaker({ ...opened }, NOW, DEFAULT_LIMITS).row).toEqual(opened);
    expect(pauseCircuitBreaker(OPEN, NOW + 40_000, NOW, DEFAULT_LIMITS)).toEqual({ ...OPEN, probeAtMs: NOW + 40_000 });
    expect(pauseCircuitBreaker(OPEN, NOW + 20_000, NOW, DEFAULT_LIMITS)).toBe(OPEN);
  });

  it('does not probe before the end of a pause that stood when it opened', () => {
    const paused = { ...CLOSED, notBeforeMs: NOW + 600_000 };
    expect(openCircuitBreaker(paused, NOW, DEFAULT_LIMITS).probeAtMs).toBe(NOW + 600_000);
  });

  it('takes a pause that is further away than any write puts it for none', () => {
    const stored = { ...CLOSED, notBeforeMs: NOW + 8 * 86_400_000 };
    expect(readCircuitBreaker(stored, NOW, DEFAULT_LIMITS).row).toEqual(CLOSED);
  });

  it('is closed where there is no row', () => {
    expect(readCircuitBreaker(undefined, NOW, DEFAULT_LIMITS)).toEqual({
      row: { state: 'CLOSED', version: 0, outages: [] },
      stored: undefined,
    });
  });

  it.each([
    ['a state that there is not', { state: 'HALF_OPEN', version: 1 }, 'its state is neither CLOSED nor OPEN'],
    ['no version', { state: 'OPEN', openedAtMs: 1, probeAtMs: 2 }, 'its version is not a whole number'],
    ['a version of text', { state: 'CLOSED', version: '1' }, 'its version is not a whole number'],
    ['no times', { state: 'OPEN', version: 1 }, 'it is OPEN without times'],
    [
      'a probe in a year’s time, which would never come',
      { state: 'OPEN', version: 1, openedAtMs: NOW, probeAtMs: NOW + 31_536_000_000 },
      'its next probe is further away than any write puts it',
    ],
  ])('counts as closed, with the reason, where its row has %s', (_name, stored, problem) => {
    expect(readCircuitBreaker(stored, NOW, DEFAULT_LIMITS)).toEqual({
      row: { state: 'CLOSED', version: 0, outages: [] },
      stored,
      problem,
    });
  });

  it('reads every row that it writes as what it is', () => {
    const rows: readonly CircuitBreakerRow[] = [CLOSED, OPEN, claimProbe(OPEN, 'a', NOW, DEFAULT_LIMITS)];
    for (const row of rows) expect(readCircuitBreaker({ ...row }, NOW, DEFAULT_LIMITS)).toEqual({ row, stored: row });
  });

  it('never throws for what is stored, and never stays open beyond what a write can make it', () => {
    const value = fc.oneof(fc.anything(), fc.constantFrom('OPEN', 'CLOSED', 0, 1, NOW, Number.NaN, -1, '1'));
    const stored = fc.record(
      { state: value, version: value, openedAtMs: value, probeAtMs: value, probeOwner: value, outages: value },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(stored, (row) => {
        const seen = readCircuitBreaker(row, NOW, DEFAULT_LIMITS);
        const { circuitOpenMs, clockSkewMs } = DEFAULT_LIMITS;
        expect(stateOf(seen.row, NOW + circuitOpenMs + clockSkewMs)).not.toBe('open');
      }),
    );
  });

  it('distinguishes each state from every other by what a write relies on', () => {
    const states = [
      undefined,
      CLOSED,
      OPEN,
      claimProbe(OPEN, 'a', NOW, DEFAULT_LIMITS),
      closeCircuitBreaker(OPEN, NOW),
    ];
    for (const [i, one] of states.entries()) {
      for (const [j, other] of states.entries()) {
        expect(isSameCircuitBreaker(one && { ...one }, other && { ...other })).toBe(i === j);
      }
    }
  });
});
