import { describe, expect, it } from '@jest/globals';
import { formatContact } from '../../../bin/event/contact.ts';
import type { ContactRow } from '../../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import { orderingKeysOf } from '../../../lambdas/domain/telemetry/contact-state.ts';
import type { KeyedRow } from '../../../lambdas/ports.ts';

const NOW = Date.parse('2026-01-31T10:00:00Z');
const POSITION = `${String(NOW - 60_000).padStart(15, '0')}#e-1`;

function row(eventId: string, changes: Partial<EventRow>) {
  const base = {
    owner: 'o',
    identity: '',
    attempts: 1,
    expiredLeases: 0,
    redrives: 0,
    firstReceivedAtMs: NOW - 30_000,
  };
  return { key: `EVENT#${eventId}`, row: { ...base, status: 'COMPLETED', eventId, ...changes } as EventRow };
}

function found(contacts: readonly ContactRow[], rows: readonly KeyedRow[]) {
  return { kind: 'searched', contacts, rows, count: rows.length, examined: 9, isComplete: true } as const;
}

describe('npm run event -- --contact', () => {
  it.each(['+15550100', 'tel:+1-555-0100', '+1 (555) 0100'])(
    'finds the keys of the shipped mappings from %s',
    (given) => {
      expect(orderingKeysOf(given).slice(0, 2)).toEqual(['+15550100', 'contact/p15550100']);
    },
  );

  it('takes an ordering key of a mapping of your own as it is', () => {
    expect(orderingKeysOf('customer/7')).toContain('customer/7');
  });

  it('says why the newest event was not applied, and what was applied last', () => {
    const contacts = [{ newest: POSITION, unsettled: '' }];
    const rejected = { status: 'QUARANTINED', reason: 'crm_rejected', lastError: 'HTTP 422' } as const;
    const events = [row('e-2', rejected), row('e-1', {})];
    expect(formatContact('+1', found(contacts, events), NOW)).toBe(
      [
        '+1  2 events',
        '',
        '  newest: In quarantine as crm_rejected: The CRM refused it. Last error: HTTP 422',
        '  what to do: Read what the CRM said. Fix the data in the CRM, or the mapping, then redrive.',
        '',
        '  applied last: e-1 of 2026-01-31 09:59:00.000 UTC',
        '',
        `  2026-01-31 09:59:30.000 UTC  ${'e-2'.padEnd(38)}  In quarantine as crm_rejected: The CRM refused it. Last error: HTTP 422`,
        `  2026-01-31 09:59:30.000 UTC  ${'e-1'.padEnd(38)}  Applied to the CRM.`,
      ].join('\n'),
    );
  });

  it('says that an event without a recorded outcome holds back the older ones', () => {
    const contacts = [{ unsettled: POSITION, holder: 'o', leaseExpiresAtMs: NOW + 1_000 }];
    const text = formatContact('+1', found(contacts, []), NOW);
    expect(text).toContain('without a recorded outcome: e-1 of 2026-01-31 09:59:00.000 UTC; older events wait');
    expect(text).toContain('an attempt works on it until 2026-01-31 10:00:01.000 UTC');
  });

  it('says what it means that nothing is known', () => {
    const text = formatContact('+1', found([], []), NOW);
    expect(text).toContain('No event of this contact has a row');
  });
});
