import { describe, expect, it } from '@jest/globals';
import { readCrmRequest } from '../../local/crm/crm-commands.ts';
import { CrmFaults } from '../../local/crm/crm-faults.ts';

function rulesOf(line: string) {
  const request = readCrmRequest(line.split(' ').filter((part) => part !== ''));
  return request.kind === 'behave' ? request.rules : request.kind;
}

describe('npm run crm', () => {
  it.each([
    ['up', []],
    ['down', [{ status: 503 }]],
    ['fail', [{ share: 0.5, status: 500 }]],
    ['fail 0.3 502', [{ share: 0.3, status: 502 }]],
    ['apply-then-fail', [{ share: 1, applyFirst: true, status: 500 }]],
    ['throttle', [{ status: 429, retryAfter: '30' }]],
    ['throttle 5 --times 2', [{ status: 429, retryAfter: '5', times: 2 }]],
    ['slow 250', [{ delayMs: 250 }]],
    [
      'reject +15550100 +15550101',
      [
        { phone: '+15550100', status: 422 },
        { phone: '+15550101', status: 422 },
      ],
    ],
    ['drop .1', [{ share: 0.1, drop: true }]],
    ['hang', [{ hang: true }]],
    ['lose-response', [{ share: 1, applyFirst: true, drop: true }]],
    ['html', [{ html: true }]],
    ['down --for 60', [{ status: 503, forSeconds: 60 }]],
    ['quota', [{ fault: 'quota' }]],
    ['quota 20', [{ fault: 'quota', forSeconds: 20 }]],
    ['rate 100 10', [{ fault: 'rate', requests: 100, perSeconds: 10 }]],
    ['lock --times 3', [{ fault: 'lock', times: 3 }]],
    ['two-matches', [{ fault: 'two-matches' }]],
    ['expire-token', [{ fault: 'token-expired' }]],
    ['revoke-token', [{ fault: 'token-revoked' }]],
    ['error partial', [{ fault: 'partial' }]],
    ['', 'state'],
    ['state', 'state'],
  ])('understands “%s”', (line, rules) => {
    expect(rulesOf(line)).toEqual(rules);
    // The sample CRM accepts what it makes of a command.
    if (typeof rules !== 'string') expect(new CrmFaults().set({ rules })).toBeUndefined();
  });

  it.each([
    ['dwon', /^dwon: the sample CRM knows state, up, down,/],
    ['down now', /^down now: is one argument too many/],
    ['fail 2', /^fail 2: a share must be a number from 0 to 1/],
    ['fail 0.5 700', /^fail 700: a status must be a number from 200 to 599/],
    ['throttle abc', /^throttle abc: Retry-After must be whole seconds, or an HTTP date such as/],
    ['throttle tomorrow', /^throttle tomorrow: Retry-After must be/],
    ['throttle -1', /^throttle -1: Retry-After must be/],
    ['slow soon', /^slow soon: must be a whole number/],
    ['reject', /^reject: name the contacts/],
    ['down --times 0', /^--times 0: must be a whole number/],
    ['down --in 3', /^Unknown option '--in'/],
    ['down --for soon', /^--for soon: must be a whole number/],
    ['error', /^error: which one/],
    ['toString', /^toString: the sample CRM knows/],
  ])('refuses “%s”', (line, message) => {
    expect(() => rulesOf(line)).toThrow(message);
  });

  it('takes an HTTP date to throttle until', () => {
    const retryAfter = 'Wed, 21 Oct 2026 07:28:00 GMT';
    expect(readCrmRequest(['throttle', retryAfter])).toMatchObject({ rules: [{ status: 429, retryAfter }] });
    expect(() => readCrmRequest(['throttle', 'abc 1'])).toThrow(/^throttle abc 1: Retry-After must be/);
    expect(() => readCrmRequest(['throttle', 'Wed, 41 Oct 2026 07:28:00 GMT'])).toThrow(/Retry-After must be/);
  });

  it('explains each of its commands', () => {
    for (const name of [
      'up',
      'down',
      'fail',
      'apply-then-fail',
      'throttle',
      'slow',
      'reject',
      'drop',
      'hang',
      'quota',
      'rate',
      'lock',
      'error',
    ])
      expect(() => rulesOf('down --help')).toThrow(new RegExp(`^  ${name} `, 'm'));
  });
});
