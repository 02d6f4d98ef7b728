import { describe, expect, it } from '@jest/globals';
import { Redaction } from '../../../../lambdas/domain/crm/redaction.ts';

const ACTION = {
  kind: 'request',
  method: 'POST',
  path: '/contacts',
  body: { phone: '+15550100999', city: 'Bern' },
} as const;

function excerpt(text: string, headers: Readonly<Record<string, string>> = {}, token = 'se"cret/1'): string {
  return new Redaction(ACTION, token).excerpt(text, headers);
}

describe('what is kept of a response', () => {
  it.each([
    ['+15550100999 is barred', '+*********99 is barred'],
    ['tel 1 555 0100-999', 'tel * *** ****-*99'],
    ['key p15550100999', 'key p*********99'],
    ['(0) 5550100999', '(*) ********99'],
    ['+1\u00a0555\u2013010\u20130999', '+* ***\u2013***\u2013**99'],
    ['+1_(555) _0100.999', '+*_(***) _****.*99'],
    ['\u0661\u0665\u0665\u0665\u0660\u0661\u0660\u0660\u0669\u0669\u0669', '*********\u0669\u0669'],
    ['\uff15\uff15\uff15\uff10\uff11\uff10\uff10\uff19\uff19\uff19', '********\uff19\uff19'],
  ])('has the event’s own number masked, however it is written: %s', (text, expected) => {
    expect(excerpt(text)).toBe(expected);
  });

  it('has other numbers as they are: support needs them', () => {
    expect(excerpt('correlation 0e1b7a12-3456-7890-1234-567890123456, ticket 4711081512345')).toBe(
      'correlation 0e1b7a12-3456-7890-1234-567890123456, ticket 4711081512345',
    );
  });

  it('has neither e-mail addresses nor the token, escaped or not', () => {
    expect(excerpt('jane.doe+x@mail.example.com exists; se"cret/1 {"t":"se\\"cret/1"} se%22cret%2F1')).toBe(
      '[email] exists; [token] {"t":"[token]"} [token]',
    );
  });

  it.each([
    ['HTML by names', 'a&quot;b&amp;c&lt;/d&#39;e'],
    ['HTML by numbers', 'a&#34;b&#38;c&#60;/d&#39;e'],
    ['JSON with escaped slashes', 'a\\"b&c<\\/d\'e'],
    ['a URL', "a%22b%26c%3C%2Fd'e"],
    ['a URL in lower case', "a%22b%26c%3c%2fd'e"],
  ])('has no token that was escaped for %s', (_what, escaped) => {
    expect(excerpt(`token ${escaped}.`, {}, 'a"b&c</d\'e')).toBe('token [token].');
  });

  it('is one line of at most 300 characters, and the CRM’s id of the request', () => {
    expect(excerpt(`a\n\u001b[31m\tb${'x'.repeat(400)}`, { 'x-request-id': 'r-1' })).toBe(
      `a [31m b${'x'.repeat(292)} (x-request-id: r-1)`,
    );
    expect(excerpt('', { 'x-ms-service-request-id': 'r-2' })).toBe('(x-ms-service-request-id: r-2)');
  });

  it('is not slowed down by text made for it', () => {
    const beganAtMs = performance.now();
    excerpt('1 '.repeat(130_000));
    excerpt('a@'.repeat(130_000));
    excerpt('a'.repeat(260_000));
    expect(performance.now() - beganAtMs).toBeLessThan(2_000);
  });
});
