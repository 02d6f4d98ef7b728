import { describe, expect, it } from '@jest/globals';
import { internationalAddress, withDefaultCountry } from '../../../../lambdas/domain/crm/default-country.ts';
import type { PipelineEvent } from '../../../../lambdas/domain/event/event.ts';

describe('internationalAddress', () => {
  it.each([
    ['(030) 123 456', 'DE', '+4930123456'],
    ['030/123456', 'DE', '+4930123456'],
    ['0049 30 123456', 'DE', '+4930123456'],
    ['202-555-0143', 'US', '+12025550143'],
    ['07700 900123', 'GB', '+447700900123'],
  ])('reads %s in %s as %s', (given, country, wanted) => {
    expect(internationalAddress(given, country)).toBe(wanted);
  });

  it.each([
    ['1001', 'DE'],
    ['110', 'DE'],
    ['+15550100', 'DE'],
    ['alice@example.com', 'US'],
    ['*67', 'US'],
    ['12345678901234567890', 'US'],
    ['', 'US'],
  ])('leaves %s in %s as it is', (given, country) => {
    expect(internationalAddress(given, country)).toBe(given);
  });
});

describe('withDefaultCountry', () => {
  const mapping = withDefaultCountry(
    ({ contactAddress }) => ({ kind: 'invalid', reason: String(contactAddress) }),
    'DE',
  );
  const event: PipelineEvent = {
    id: 'e1',
    source: 'genesys-webhook',
    type: 'interaction.created',
    timestamp: '2026-11-26T10:00:00Z',
    timestampMs: 1_795_687_200_000,
    subMillis: '',
    body: {},
  };

  it('gives the mapping one address for both spellings of a number', () => {
    const reasons = ['030 123456', '+4930123456'].map((contactAddress) => mapping({ ...event, contactAddress }));
    expect(reasons).toEqual([
      { kind: 'invalid', reason: '+4930123456' },
      { kind: 'invalid', reason: '+4930123456' },
    ]);
  });

  it('leaves an event without an address alone', () => {
    expect(mapping(event)).toEqual({ kind: 'invalid', reason: 'undefined' });
  });
});
