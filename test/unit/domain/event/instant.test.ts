import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseInstant } from '../../../../lambdas/domain/event/instant.ts';
import { positionOf } from '../../../../lambdas/domain/idempotency/position.ts';

const MS = Date.parse('2026-01-31T09:30:00.123Z');

describe('parseInstant', () => {
  it.each([
    ['2026-01-31T09:30:00.123Z', MS, '', '2026-01-31T09:30:00.123Z'],
    ['2026-01-31T10:30:00.123+01:00', MS, '', '2026-01-31T10:30:00.123+01:00'],
    ['2026-01-31T09:30:00.123+0000', MS, '', '2026-01-31T09:30:00.123+00:00'],
    ['2026-01-31T09:30:00.123+00', MS, '', '2026-01-31T09:30:00.123+00:00'],
    ['2026-01-31T09:30Z', MS - 123, '', '2026-01-31T09:30:00Z'],
    ['2026-01-31T09:30:00.1234567Z', MS, '4567', '2026-01-31T09:30:00.1234567Z'],
    ['2026-01-31T09:30:00.1230000Z', MS, '', '2026-01-31T09:30:00.1230000Z'],
    ['1769851800123', MS, '', '2026-01-31T09:30:00.123Z'],
    [1_769_851_800_123, MS, '', '2026-01-31T09:30:00.123Z'],
  ])('reads %j', (value, timestampMs, subMillis, text) => {
    expect(parseInstant(value)).toEqual({ timestampMs, subMillis, text });
  });

  it.each([
    ['2026-01-31T09:30:00'],
    ['2026-02-30T09:30:00Z'],
    ['2026-01-31T09:30:00+25:00'],
    ['1969-12-31T23:59:59Z'],
    ['31.01.2026 09:30'],
    ['soon'],
    [''],
    [-1],
    [1e30],
    [Number.NaN],
    [null],
    [{}],
  ])('does not read %j', (value) => {
    expect(parseInstant(value)).toBeUndefined();
  });
});

describe('positions', () => {
  it('order events of one time by their sequence, then by their ids; without a sequence first', () => {
    const at = { timestampMs: 1_769_851_800_000 };
    const positions = [
      positionOf({ ...at, id: 'z' }),
      positionOf({ ...at, sequence: 2, id: 'b' }),
      positionOf({ ...at, sequence: 10, id: 'a' }),
      positionOf({ ...at, sequence: 10, id: 'b' }),
      positionOf({ ...at, subMillis: '1', id: 'a' }),
      positionOf({ ...at, subMillis: '1', sequence: 0, id: 'a' }),
    ];
    expect([...positions].sort()).toEqual(positions);
    expect(positions[1]).toBe('001769851800000$0000000000000002#b');
  });

  it('order two times by every digit that was sent', () => {
    const fraction = fc.stringMatching(/^\d{1,12}$/);
    fc.assert(
      fc.property(fraction, fraction, (one, other) => {
        const position = (digits: string) => {
          const instant = parseInstant(`2026-01-31T09:30:00.${digits}Z`) ?? { timestampMs: 0 };
          return positionOf({ ...instant, id: 'e' });
        };
        const before = one.padEnd(12, '0') < other.padEnd(12, '0');
        expect(position(one) < position(other)).toBe(before);
      }),
    );
  });
});
