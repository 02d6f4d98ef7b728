/** Refusals of a mapping's result before any effect; accepted results can be stored. */
import { describe, expect, it } from '@jest/globals';
import { rest } from '../../../../lambdas/connectors/rest/connector.ts';
import { validateDelivery } from '../../../../lambdas/domain/crm/validate-mapping.ts';

const ACTION = { kind: 'request', method: 'POST', path: '/api/v1/contacts', body: { phone: '+1' } } as const;

function problemWithItem(item: Readonly<Record<string, unknown>>): string | undefined {
  return validateDelivery({ kind: 'deliver', action: ACTION, orderingKey: null, rows: [{ key: 'k', item }] }, rest);
}

function problemWithRequest(request: { readonly path?: string; readonly body?: unknown }): string | undefined {
  return validateDelivery({ kind: 'deliver', action: { ...ACTION, ...request }, orderingKey: null }, rest);
}

function nested(levels: number): unknown {
  return levels === 0 ? 1 : [nested(levels - 1)];
}

class Money {
  readonly amount = 1;
}

describe('a mapping’s request', () => {
  it.each(['/', '/contacts/%C3%BC?a=1&b=%20', "/a'b~c"])('may have the path %s', (path) => {
    expect(problemWithRequest({ path })).toBeUndefined();
  });

  it.each(['', 'contacts', '/a b', '/ü', '/a\nb', '/\u0000'])('may not have the path %j', (path) => {
    expect(problemWithRequest({ path })).toBe('a path that HTTP cannot carry (encodeURIComponent makes it one)');
  });

  it('has a body that is JSON', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const body of [undefined, () => 1, Symbol('s'), 1n, circular])
      expect(problemWithRequest({ body })).toBe('a body that is no JSON');
    for (const body of [null, '', 0, [], { a: undefined, at: new Date(0) }])
      expect(problemWithRequest({ body })).toBeUndefined();
  });
});

describe('a mapping’s row', () => {
  it.each([
    [{}],
    [
      {
        text: '',
        number: -0,
        tiny: 1e-130,
        big: 2 ** 53 - 1,
        huge: 10n ** 37n,
        yes: true,
        none: null,
        absent: undefined,
      },
    ],
    [
      {
        bytes: new Uint8Array(),
        buffer: Buffer.from('a'),
        texts: new Set(['a']),
        numbers: new Set([1]),
        deep: nested(31),
      },
    ],
    [
      {
        expiresAt: 1_800_000_000,
        nested: { pk: 1, reason: null, list: [{ settledAtMs: 'x' }] },
        bare: Object.create(null),
      },
    ],
    [{ long: 'x'.repeat(390_000) }],
  ])('may hold %p', (item) => {
    expect(problemWithItem(item)).toBeUndefined();
  });

  it.each([
    [{ pk: 'mine' }, 'a row with an attribute `pk`, which is the pipeline’s'],
    [{ reason: null }, 'a row with an attribute `reason`, which is the pipeline’s'],
    [{ settledAtMs: '2026' }, 'a row with an attribute `settledAtMs`, which is the pipeline’s'],
    [{ at: new Date(0) }, 'a row with a Date, which is no plain value'],
    [{ price: [new Money()] }, 'a row with a Money, which is no plain value'],
    [{ map: new Map() }, 'a row with a Map, which is no plain value'],
    [{ n: Number.NaN }, 'a row with a number that cannot be kept: NaN'],
    [{ n: 2 ** 60 }, 'a row with a number that cannot be kept: 1152921504606847000'],
    [{ n: 5e-324 }, 'a row with a number that cannot be kept: 5e-324'],
    [{ n: 10n ** 38n }, 'a row with a number of more than 38 digits'],
    [{ f: () => 1 }, 'a row with a function'],
    [{ s: new Set() }, 'a row with a Set that is not of texts only, of numbers only, or of bytes only'],
    [{ s: new Set(['a', 1]) }, 'a row with a Set that is not of texts only, of numbers only, or of bytes only'],
    [{ s: new Set(['']) }, 'a row with a Set with an empty text, or with no bytes'],
    [{ t: '\ud800' }, 'a row with a text with half a character'],
    [{ m: { '\udc00': 1 } }, 'a row with an attribute’s name with half a character'],
    [{ '': 1 }, 'a row with an attribute without a name'],
    [JSON.parse('{"__proto__":1}'), 'a row with an attribute named __proto__'],
    [{ deep: nested(32) }, 'a row with more than 32 levels'],
    [{ long: 'é'.repeat(200_000) }, 'a row of more than 400000 bytes'],
  ])('may not hold %p', (item, problem) => {
    expect(problemWithItem(item)).toBe(problem);
  });

  it('has a key that a table can have', () => {
    const rows = (key: string) => [{ key, item: {} }];
    const problem = (key: string) =>
      validateDelivery({ kind: 'deliver', action: ACTION, orderingKey: null, rows: rows(key) }, rest);
    expect(problem('x'.repeat(2_043))).toBeUndefined();
    expect(problem('x'.repeat(2_044))).toBe('a row whose key is longer than 2048 bytes, or has half a character');
    expect(problem('\ud800')).toBe('a row whose key is longer than 2048 bytes, or has half a character');
  });

  it('fits into a transaction with the others', () => {
    const rows = Array.from({ length: 10 }, (_, index) => ({
      key: String(index),
      item: { text: 'x'.repeat(380_000) },
    }));
    expect(validateDelivery({ kind: 'deliver', action: ACTION, orderingKey: null, rows }, rest)).toBe(
      'rows of more than 3500000 bytes together',
    );
  });
});
