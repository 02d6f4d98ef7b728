import { describe, expect, it } from '@jest/globals';
import {
  candidatesIn,
  matchingRule,
  type ResponseRule,
  valuesAt,
} from '../../../../lambdas/domain/crm/response-rules.ts';

const response = (status: number, body?: unknown, headers = {}) => ({ status, body, headers });

function outcomeOf(rules: readonly ResponseRule[], given: ReturnType<typeof response>): string | undefined {
  return matchingRule(rules, given)?.outcome;
}

describe('response rules', () => {
  it('are decided by the first that matches in all its conditions', () => {
    const rules: readonly ResponseRule[] = [
      { outcome: 'conflict', status: [400], body: [{ pointer: '/code', value: 'LOCK' }, { pointer: '/id' }] },
      { outcome: 'transient', status: [400, 500] },
    ];
    expect(outcomeOf(rules, response(400, { code: 'LOCK', id: 1 }))).toBe('conflict');
    expect(outcomeOf(rules, response(400, { code: 'LOCK' }))).toBe('transient');
    expect(outcomeOf(rules, response(500))).toBe('transient');
    expect(outcomeOf(rules, response(404))).toBeUndefined();
  });

  it('look at headers, whatever the case of their names', () => {
    const rules: readonly ResponseRule[] = [{ outcome: 'throttled', header: { name: 'X-Quota', value: /^0/ } }];
    expect(outcomeOf(rules, response(200, undefined, { 'x-quota': '0/5000' }))).toBe('throttled');
    expect(outcomeOf(rules, response(200, undefined, { 'x-quota': '5' }))).toBeUndefined();
    expect(outcomeOf(rules, response(200))).toBeUndefined();
  });

  it.each([
    ['x', 'x', true],
    ['x', 'y', false],
    ['x', ['y', 'x'], true],
    ['x1', /\d/, true],
    [7, '7', true],
    [false, 'false', true],
    [null, 'null', false],
    [{}, /object/, false],
  ])('compare %j with %p as text: %p', (value, pattern, matches) => {
    const rules: readonly ResponseRule[] = [{ outcome: 'permanent', body: [{ pointer: '/v', value: pattern }] }];
    expect(outcomeOf(rules, response(200, { v: value })) === 'permanent').toBe(matches);
  });

  it.each(['text', 7, null, undefined, [], { a: null }])('match nothing in the body %j', (body) => {
    expect(outcomeOf([{ outcome: 'permanent', body: [{ pointer: '/a/b/0' }] }], response(200, body))).toBeUndefined();
  });

  it('read pointers with escapes, and `*` for every member', () => {
    expect(valuesAt({ 'a/b': { '~': [1, 2] } }, '/a~1b/~0/*')).toEqual([1, 2]);
    expect(valuesAt({ x: { a: { id: 1 } }, y: {} }, '/*/*/id')).toEqual([1]);
    expect(valuesAt([1], '')).toEqual([[1]]);
    expect(valuesAt({}, '/constructor')).toEqual([]);
  });

  it('name at most ten candidates', () => {
    const rule = { outcome: 'ambiguous', candidates: '/*' } as const;
    expect(candidatesIn(rule, ['a', 2, null, {}])).toEqual(['a', '2']);
    expect(
      candidatesIn(
        rule,
        Array.from({ length: 20 }, () => 'a'),
      ),
    ).toHaveLength(10);
    expect(candidatesIn(rule, undefined)).toEqual([]);
  });
});
