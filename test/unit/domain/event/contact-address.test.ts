import { expect, it } from '@jest/globals';
import { contactAddressFrom } from '../../../../lambdas/domain/event/contact-address.ts';

it.each([
  ['+15550100', '+15550100'],
  ['+1 (555) 010-0', '+15550100'],
  ['tel:+1-555-0100', '+15550100'],
  ['tel:+15550100;ext=12', '+15550100'],
  ['sip:+15550100@sbc.example.com;user=phone', '+15550100'],
  ['sips:%2B15550100@sbc.example.com', '+15550100'],
  ['sip:15550100@sbc.example.com', '15550100'],
  ['sip:+15550100;ext=3@sbc.example.com', '+15550100'],
  ['sip:jane@example.com', 'jane@example.com'],
  ['jane@example.com', 'jane@example.com'],
  ['030 1234', '030 1234'],
])('reduces %s to %s', (given, expected) => {
  expect(contactAddressFrom(given)).toBe(expected);
});

it.each([
  'sip:anonymous@anonymous.invalid',
  'sip:+15550100@anonymous.invalid',
  'tel:anonymous',
  'sip:Anonymous@sbc.example.com',
  'unknown',
  'Restricted',
  'unavailable',
  'private',
  'sip:@sbc.example.com',
  'tel:',
  '  ',
])('finds no address in %j', (given) => {
  expect(contactAddressFrom(given)).toBeUndefined();
});
