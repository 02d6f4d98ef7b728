import { describe, expect, it } from '@jest/globals';
import { errorName } from '../../../../lambdas/domain/telemetry/error-name.ts';

describe('the name of an error', () => {
  it.each([
    [Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    [Object.assign(new Error('secret'), { name: 'AbortError' }), 'timeout'],
    [new TypeError('x'), 'TypeError'],
    ['text', 'unknown error'],
    // As the SDK reports a response `503 <html>`.
    [Object.assign(new SyntaxError('Unexpected token <'), { $metadata: { httpStatusCode: 503 } }), 'HTTP 503, no JSON'],
    [new SyntaxError('Unexpected token <'), 'SyntaxError'],
  ])('%s', (error, expected) => {
    expect(errorName(error)).toBe(expected);
  });
});
