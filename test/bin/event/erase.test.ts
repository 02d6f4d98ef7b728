import { describe, expect, it } from '@jest/globals';
import type { Erasure } from '../../../bin/event/erase.ts';
import { formatErasure } from '../../../bin/event/erase-report.ts';
import { mentions } from '../../../bin/event/find-in-quarantine.ts';
import { readEventRequest } from '../../../bin/event/options.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';

const ROW: EventRow = {
  status: 'COMPLETED',
  owner: 'o',
  identity: 'i',
  attempts: 1,
  expiredLeases: 0,
  redrives: 0,
  firstReceivedAtMs: 0,
};

const PLAN: Erasure = {
  outcome: 'dry_run',
  contacts: [{ key: 'CONTACT#ab', row: {} }],
  events: [{ key: 'EVENT#e-1', row: ROW }],
  blockers: [],
  quarantine: { messages: [] },
};

describe('npm run event -- --contact NUMBER --erase', () => {
  it('is a dry run without --yes', () => {
    const argv = ['--contact', '+15550100', '--erase'];
    const request = { kind: 'erase', contact: '+15550100', stack: undefined, json: false };
    expect(readEventRequest(argv)).toEqual({ ...request, dryRun: true });
    expect(readEventRequest([...argv, '--yes', '--stack', 'S'])).toEqual({ ...request, dryRun: false, stack: 'S' });
  });

  it.each([
    [['--erase'], /^--erase goes with --contact/],
    [['e-1', '--erase'], /^--erase goes with --contact/],
    [['--contact', '+1', '--yes'], /^--yes goes with --erase/],
    [['--contact', '+1', '--erase', '--limit', '3'], /^--erase erases all/],
  ])('refuses %j', (argv, message) => {
    expect(() => readEventRequest(argv)).toThrow(message);
  });

  it('shows what it would erase, what that loses, and what it cannot reach', () => {
    const text = formatErasure('+15550100', PLAN);
    expect(text).toContain('+15550100  can be erased');
    expect(text).toContain('CONTACT#ab  to delete');
    expect(text).toContain('EVENT#e-1  COMPLETED, personal data to remove');
    expect(text).toContain('No quarantined message that was read contains it.');
    expect(text).toContain('The order of the contact is lost with its row');
    expect(text).toContain('point-in-time recovery of the table, 35 days');
    expect(text).toContain('Nothing was changed. Add --yes to erase.');
  });

  it('says what to do first where it refuses', () => {
    const text = formatErasure('+15550100', {
      ...PLAN,
      outcome: 'refused',
      blockers: [
        { kind: 'held', untilMs: Date.parse('2026-01-31T10:00:00Z') },
        { kind: 'unsettled', eventId: 'e-2' },
        { kind: 'event', name: 'e-3', status: 'QUARANTINED' },
        { kind: 'event', name: 'e-4', status: 'FAILED' },
      ],
      quarantine: { messages: [{ messageId: 'm', eventId: 'e-5', reason: 'invalid_event' }], incomplete: 'time' },
    });
    expect(text).toContain('+15550100  cannot be erased now; nothing was changed');
    expect(text).toContain('until 2026-01-31 10:00:00.000 UTC: run the command again after that');
    expect(text).toContain('e-2 has no recorded outcome: npm run event -- e-2');
    expect(text).toContain('npm run redrive -- --event-id e-3 --give-up "erasure"');
    expect(text).toContain('e-4 is not settled (FAILED): wait');
    expect(text).toContain('e-5  invalid_event');
    expect(text).toContain('Quarantine was not read to its end (time)');
  });

  it('puts an id of the partner event bus into quotes in the commands that it prints', () => {
    const text = formatErasure('+15550100', {
      ...PLAN,
      outcome: 'refused',
      blockers: [
        { kind: 'unsettled', eventId: 'v2.end|p|s|1' },
        { kind: 'event', name: "v2.end|p';s|2", status: 'QUARANTINED' },
      ],
    });
    expect(text).toContain("npm run event -- 'v2.end|p|s|1'");
    expect(text).toContain("npm run redrive -- --event-id 'v2.end|p'\\'';s|2' --give-up");
  });

  it.each([
    ['{"to":"+15550100"}', '+15550100', true],
    ['{"to":"tel:+15550100"}', 'tel:+1-555-0100', true],
    ['{"note":"+1 (555) 01-00"}', '+15550100', true],
    ['{"to":"+15550101"}', '+15550100', false],
    ['{"to":"ada@example.com"}', 'ada@example.com', true],
  ])('finds in %s the contact %s: %s', (text, given, found) => {
    expect(mentions(text, given)).toBe(found);
  });
});
