import { describe, expect, it } from '@jest/globals';
import { readEventRequest } from '../../../bin/event/options.ts';

describe('npm run event', () => {
  it.each([
    [['e-1'], { kind: 'life', eventId: 'e-1', stack: undefined, json: false }],
    [['e-1', '--stack', 'S', '--json'], { kind: 'life', eventId: 'e-1', stack: 'S', json: true }],
    [['--contact', '+15550100'], { kind: 'contact', contact: '+15550100', limit: 10, stack: undefined, json: false }],
    [
      ['--interaction', 'c-1', '--limit', '3'],
      { kind: 'interaction', interactionId: 'c-1', limit: 3, stack: undefined, json: false },
    ],
    [['--unsettled'], { kind: 'unsettled', olderThanMs: 3_600_000, limit: 50, stack: undefined, json: false }],
    [
      ['--unsettled', '--minutes', '0', '--limit', '3'],
      { kind: 'unsettled', olderThanMs: 0, limit: 3, stack: undefined, json: false },
    ],
  ])('understands %j', (argv, request) => {
    expect(readEventRequest(argv)).toEqual(request);
  });

  it.each([
    [[], /^Which event\?/],
    [['a', 'b'], /^b: one event at a time/],
    [['--contact', '+1', '--unsettled'], /^One of --unsettled, --contact and --interaction at a time/],
    [['--contact', '+1', 'e-1'], /^e-1: --contact and --interaction list events/],
    [['e-1', '--limit', '3'], /^--limit goes with/],
    [['--unsettled', 'a'], /^a: --unsettled lists events/],
    [['a', '--minutes', '3'], /goes with --unsettled/],
    [['--unsettled', '--minutes', 'x'], /^--minutes x: must be a whole number from 0 on/],
    [['--unsettled', '--limit', '0'], /^--limit 0: must be a whole number from 1 on/],
    [['--unsetled'], /^Unknown option '--unsetled'. Did you mean --unsettled\? \(npm run event -- --help/],
    [['e-1', '--stack', '--json'], /^Option '--stack <name>' argument missing/],
  ])('refuses %j', (argv, message) => {
    expect(() => readEventRequest(argv)).toThrow(message);
  });

  it('prints in its help what an exact look costs', () => {
    expect(() => readEventRequest(['--help'])).toThrow(/half a read unit for each 4 KB/);
  });
});
