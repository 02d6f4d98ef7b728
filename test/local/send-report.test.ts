/** Report of `npm run send`, and its condition for success. */
import { describe, expect, it } from '@jest/globals';
import type { EventOutcome } from '../../local/send/event-outcomes.ts';
import { formatReport, reportOn, type SendRun } from '../../local/send/send-report.ts';

function event(eventId: string): SendRun['events'][number] {
  return { eventId, rowKey: `EVENT#${eventId}` } as SendRun['events'][number];
}

/** A run in which every event was accepted once, and has come to this. */
function record(outcomes: Readonly<Record<string, EventOutcome>>): SendRun {
  const events = Object.keys(outcomes).map(event);
  const accepted = { kind: 'accepted', acceptedAtMs: 1_000, latencyMs: 5, tries: 1 } as const;
  return {
    via: 'webhook',
    events,
    deliveries: events.map((sent) => ({ event: sent, outcome: accepted })) as SendRun['deliveries'],
    outcomes: new Map(Object.entries(outcomes).map(([id, outcome]) => [`EVENT#${id}`, outcome])),
    crmCalls: undefined,
    elapsedMs: 2_000,
  };
}

const APPLIED: EventOutcome = { status: 'COMPLETED', settledAtMs: 1_200 };

describe('the report of a run', () => {
  it('praises a run whose events are all settled, and says that stale ones were never applied', () => {
    const report = reportOn(record({ a: APPLIED, b: { ...APPLIED, status: 'STALE' } }));
    expect(report.exactlyOnce).toBe(true);
    expect(formatReport(report)).toContain('result               every event was settled, none was applied twice');
    expect(formatReport(report)).toContain(
      '  stale              1 (never applied: something newer of the contact was applied before)',
    );
  });

  it.each([
    ['crm_rejected', undefined],
    ['retries_exhausted', 'record'],
  ] as const)('counts events in quarantine as %s for a person, and fails', (reason, failedBy) => {
    const rejected = { status: 'QUARANTINED', reason, ...(failedBy && { failedBy }), settledAtMs: 1_200 } as const;
    const report = reportOn(record({ a: rejected, b: rejected }));
    expect(report).toMatchObject({ exactlyOnce: false, events: { needAPerson: 2, waitingForCrm: 0 } });
    expect(formatReport(report)).toContain(
      'result               0 applied, 2 need a person: npm run redrive -- --list',
    );
  });

  it('names the event that was sent alone', () => {
    expect(formatReport(reportOn(record({ a: APPLIED })))).toContain('1 sent, 1 accepted: npm run event -- a');
  });

  it('does not call events dealt with that wait in quarantine until the CRM works again', () => {
    const open = { status: 'QUARANTINED', reason: 'circuit_open', settledAtMs: 1_200 } as const;
    const report = reportOn(record({ a: APPLIED, b: open, c: { ...open, reason: 'behind_newer' } }));
    expect(report).toMatchObject({
      exactlyOnce: false,
      events: { applied: 1, quarantined: { circuit_open: 1, behind_newer: 1 }, waitingForCrm: 2, waiting: 0 },
    });
    expect(formatReport(report)).toContain('result               2 events are in quarantine until the CRM works again');
  });

  it('says of what is not dealt with', () => {
    const report = reportOn(record({ a: APPLIED, b: { status: 'FAILED' } }));
    expect(report.exactlyOnce).toBe(false);
    expect(formatReport(report)).toContain('result               1 event is not settled yet');
  });

  it('finds the records of a vendor’s fake that are missing, or there twice', () => {
    const sent = ['created', 'ended'].map((step) => ({
      eventId: step,
      rowKey: `EVENT#${step}`,
      body: Buffer.from(
        JSON.stringify({
          eventBridgeEventId: step,
          eventType: `interaction.${step}`,
          eventTimestamp: '2026-11-26T10:00:00Z',
          interaction: { id: `i-${step}`, to: '+15550100' },
        }),
      ),
    })) as unknown as SendRun['events'];
    const contact = { key: 'p15550100', name: '', phone: '' };
    const call = { key: 'i-ended', contact: 'p15550100', subject: '', duration: '', direction: '' };
    const of = (contacts: readonly (typeof contact)[], calls: readonly (typeof call)[]) =>
      reportOn({
        ...record({ created: APPLIED, ended: APPLIED }),
        events: sent,
        crmRecords: { title: 'Salesforce', contacts, calls },
      });
    const right = of([contact, { ...contact, key: 'other' }], [call]);
    expect(right).toMatchObject({ exactlyOnce: true, records: { contacts: 1, calls: 1, twice: 0, missing: 0 } });
    expect(formatReport(right)).toContain('  Salesforce           1 contacts, 1 calls, 0 twice, 0 missing');
    expect(of([contact, contact], [call])).toMatchObject({ exactlyOnce: false, records: { twice: 1 } });
    expect(of([contact], [])).toMatchObject({ exactlyOnce: false, records: { missing: 1 } });
    expect(of([contact], [{ ...call, contact: 'p2' }])).toMatchObject({ records: { missing: 1 } });
  });
});
