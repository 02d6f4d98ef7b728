import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { maskNumbers, printable } from '../../../../lambdas/domain/telemetry/redact.ts';

describe('text for people', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', ' [31mred [0m'],
    ['a\r\nb\tc', 'a b c'],
    ['\u0000\u0007\u009b2J', ' 2J'],
    ['right\u202eto left\u2066', 'right to left '],
    ['\ud800 alone', '  alone'],
    ['Grüße 😀 <script>', 'Grüße 😀 <script>'],
  ])('%j is %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it.each([
    ['phone +15550100 is taken', 'phone +******00 is taken'],
    ['{"phone":"15550100123"}', '{"phone":"*********23"}'],
    ['call +1 (555) 010-0123 now', 'call +* (***) ***-**23 now'],
    ['+49.30.1234567', '+**.**.*****67'],
    ['7 digits: 1234567', '7 digits: *****67'],
    ['6 digits: 123456', '6 digits: 123456'],
    ['HTTP 503 after 5000 ms', 'HTTP 503 after 5000 ms'],
    ['since 2026-01-31T09:30:00Z', 'since 2026-01-31T09:30:00Z'],
    ['since 2026-01-31 09:30:00', 'since 2026-01-31 09:30:00'],
    ['on 2026-01-31', 'on 2026-01-31'],
    ['+1\u00a0555\u2013010\u20130123', '+*\u00a0***\u2013***\u2013**23'],
    ['\u0661\u0665\u0665\u0665\u0660\u0661\u0660\u0660', '******\u0660\u0660'],
    ['correlation 0e1b7a12-3456-7890-1234-567890123456', 'correlation 0e1b7a12-3456-7890-1234-567890123456'],
    ['barred (x-request-id: 4711081512345)', 'barred (x-request-id: 4711081512345)'],
    ['(x: 4711081512345)', '(x: ***********45)'],
  ])('%j is masked as %j', (text, expected) => {
    expect(maskNumbers(text)).toBe(expected);
  });

  it('never leaves seven digits in a row, and changes nothing but digits', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[0-9 ()+.,a-z-]{0,40}$/), (text) => {
        const shown = maskNumbers(text);
        expect(shown).not.toMatch(/\d{7}/);
        expect(shown.replace(/[\d*]/g, '#')).toBe(text.replace(/[\d*]/g, '#'));
      }),
    );
  });
});
