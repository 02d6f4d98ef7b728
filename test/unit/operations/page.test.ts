import { describe, expect, it } from '@jest/globals';
import { positionOf } from '../../../lambdas/domain/idempotency/position.ts';
import { renderFlow } from '../../../lambdas/operations/flow.ts';
import { renderPage } from '../../../lambdas/operations/page.ts';
import { pageContent, takeSnapshot } from '../../../lambdas/operations/page-content.ts';
import type { PageRequest } from '../../../lambdas/operations/page-request.ts';
import { statusBannerFor } from '../../../lambdas/operations/status-banner.ts';
import { FormControls } from '../../../local/console/form-controls.ts';
import { namesOf } from '../../harness/digest-key.ts';
import { NOW_MS, PageOnFakes, quarantinedRow, redriveResult } from '../../harness/page-on-fakes.ts';

async function verdict(fakes: PageOnFakes) {
  const { tone, title } = statusBannerFor(await takeSnapshot(fakes.deps));
  return `${tone}: ${title}`;
}

/** The page's text, without its markup. */
async function pageText(fakes: PageOnFakes, request: PageRequest = { kind: 'overview' }): Promise<string> {
  const page = renderPage(await pageContent(request, fakes.deps), new FormControls('token'));
  return page.text
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replace(/ ,/g, ',');
}

describe('a search', () => {
  /** A contact whose newest event was rejected. */
  function world(): PageOnFakes {
    const fakes = new PageOnFakes();
    const contact = { orderingKey: namesOf('+15550100').current.digest, interactionId: 'i-1' };
    const rejected = { ...contact, firstReceivedAtMs: NOW_MS - 60_000, lastError: 'HTTP 422' };
    const applied = { ...contact, status: 'COMPLETED', firstReceivedAtMs: NOW_MS - 90_000 } as const;
    const { reason: _none, ...final } = quarantinedRow('crm_rejected', 'old', applied);
    fakes.events.set('EVENT#new', quarantinedRow('crm_rejected', 'new', rejected));
    fakes.events.set('EVENT#old', final);
    fakes.contacts.set(`CONTACT#${contact.orderingKey}`, {
      newest: positionOf({ timestampMs: NOW_MS - 90_000, id: 'old' }),
    });
    return fakes;
  }

  it.each(['+15550100', 'tel:+1-555-0100'])(
    'by the number %s says why the newest event was not applied',
    async (number) => {
      const text = await pageText(world(), { kind: 'event', eventId: number });
      expect(text).toContain(
        `${number}: 2 events Newest: In quarantine as crm_rejected: The CRM refused it. Last error: HTTP 422`,
      );
      expect(text).toContain('What to do: Read what the CRM said.');
      expect(text).toContain('applied last: old of 2026-01-31 09:28:30.000 UTC');
      expect(text).toContain('2026-01-31 09:28:30 UTC old – Applied to the CRM.');
    },
  );

  it('by an interaction lists its events', async () => {
    expect(await pageText(world(), { kind: 'event', eventId: 'i-1' })).toContain('i-1: 2 events Newest: In quarantine');
  });

  it('says that it has not read the whole table', async () => {
    const fakes = world();
    fakes.searchIsComplete = false;
    expect(await pageText(fakes, { kind: 'event', eventId: 'i-2' })).toContain(
      'i-2: 0 events found so far The table is larger than what this page reads.',
    );
  });

  it('of what is nowhere says what that means', async () => {
    expect(await pageText(world(), { kind: 'event', eventId: 'i-2' })).toContain('i-2: not known');
  });
});

describe('the verdict', () => {
  it('is that all is well where nothing waits', async () => {
    expect(await verdict(new PageOnFakes())).toBe('good: All is well');
  });

  it('distinguishes what recovers automatically from what needs a person', async () => {
    const fakes = new PageOnFakes();
    fakes.events.set('EVENT#a', quarantinedRow('circuit_open', 'a'));
    fakes.events.set('EVENT#b', quarantinedRow('retries_exhausted', 'b'));
    expect(await verdict(fakes)).toBe('watch: 2 events on the way back');
    fakes.events.set('EVENT#c', quarantinedRow('crm_rejected', 'c'));
    expect(await verdict(fakes)).toBe('watch: 1 event needs you');
  });

  it('puts an open circuit before all of that, with the time of the next trial', async () => {
    const fakes = new PageOnFakes();
    fakes.events.set('EVENT#c', quarantinedRow('crm_rejected', 'c'));
    fakes.circuit = {
      state: 'OPEN',
      version: 1,
      openedAtMs: NOW_MS - 130_000,
      probeAtMs: NOW_MS + 20_000,
      outages: [],
    };
    expect(await verdict(fakes)).toBe('bad: The CRM is down: the circuit is open');
    expect(statusBannerFor(await takeSnapshot(fakes.deps)).detail).toMatch(
      /^For 2 min, since 09:27:50 UTC\. The next trial call is due at 09:30:20 UTC\. Nothing is lost/,
    );
  });

  it.each([
    [
      'a refused token',
      { kind: 'credentials', status: 401 },
      'bad: The CRM refuses our credentials (401) since 02:27:00 UTC',
      /^Put a new value into the secret/,
    ],
    [
      'a host that cannot be reached',
      { kind: 'not_reached' },
      'bad: The CRM cannot be reached since 02:27:00 UTC',
      /^Check host and port in crm\.baseUrl/,
    ],
    [
      'an outage',
      { kind: 'failing', status: 503 },
      'bad: The CRM is down (503) since 02:27:00 UTC',
      /^Wait, and ask the CRM’s operators\. Last error: HTTP 503 maintenance\. The circuit breaker is open/,
    ],
    [
      'an outage of its token endpoint',
      { kind: 'token_outage' },
      'bad: The CRM’s token endpoint is down since 02:27:00 UTC',
      /^Wait, and ask the CRM’s operators\./,
    ],
  ] as const)('names %s if the circuit breaker is open', async (_name, fault, title, detail) => {
    const sinceMs = Date.parse('2026-01-31T02:27:00Z');
    const fakes = new PageOnFakes();
    fakes.circuit = {
      state: 'OPEN',
      version: 1,
      openedAtMs: NOW_MS - 130_000,
      probeAtMs: NOW_MS + 20_000,
      outages: [],
      fault: { ...fault, error: 'HTTP 503 maintenance', sinceMs, atMs: NOW_MS },
    };
    expect(await verdict(fakes)).toBe(title);
    expect(statusBannerFor(await takeSnapshot(fakes.deps)).detail).toMatch(detail);
  });

  it.each([
    ['a refused token is told', 'credentials', undefined, 'bad: The CRM refuses our credentials since 09:29:00 UTC'],
    ['a refused token is over after a success', 'credentials', NOW_MS, 'good: All is well'],
    ['a failure that may pass is not', 'failing', undefined, 'good: All is well'],
  ] as const)('while the circuit is closed: %s', async (_name, kind, succeededAtMs, title) => {
    const fakes = new PageOnFakes();
    fakes.circuit = {
      state: 'CLOSED',
      version: 1,
      outages: [],
      fault: { kind, error: 'HTTP', sinceMs: NOW_MS - 60_000, atMs: NOW_MS - 30_000 },
      ...(succeededAtMs === undefined ? {} : { succeededAtMs }),
    };
    expect(await verdict(fakes)).toBe(title);
  });

  it('says so where the table does not answer, and shows what it can', async () => {
    const fakes = new PageOnFakes();
    fakes.tableAnswers = false;
    expect(await verdict(fakes)).toBe('bad: The state table does not answer');
    expect(await pageText(fakes)).toMatch(/Waiting 9 messages in the delivery queue/);
    expect(await pageText(fakes, { kind: 'event', eventId: 'e' })).toContain(
      'The event could not be looked up. DynamoDB: timeout.',
    );
  });
});

describe('the flow', () => {
  it('has its stations in the order of the flow, and those that are counted here where they are', async () => {
    const picture = await takeSnapshot(new PageOnFakes().deps);
    const labels = (markup: string) => [...markup.matchAll(/"ops-label">([^<]*)/g)].map(([, label]) => label);
    expect(labels(renderFlow(picture).text)).toEqual(['Waiting', 'CRM circuit', 'Quarantine']);
    const counts = {
      accepted: 1_234,
      applied: 5,
      duplicates: 6,
      retried: 7,
      stale: 8,
      ignored: 9,
      ledger: 'accepted 1234 = applied 5',
    };
    expect(labels(renderFlow(picture, counts).text)).toEqual([
      'Accepted',
      'Waiting',
      'CRM circuit',
      'Applied',
      'Quarantine',
    ]);
    expect(renderFlow(picture, counts).text).toContain('<strong class="ops-number">1,234</strong>');
    expect(renderFlow(picture, counts).text).toContain('since the start: accepted 1234 = applied 5');
  });
});

describe('quarantine', () => {
  it('says of each reason how many, since when, and what to do; what needs a person first', async () => {
    const fakes = new PageOnFakes();
    for (const id of ['a', 'b', 'c']) fakes.events.set(`EVENT#${id}`, quarantinedRow('circuit_open', id));
    fakes.events.set('EVENT#d', quarantinedRow('poison', 'd', { settledAtMs: NOW_MS - 2 * 86_400_000, redrives: 1 }));
    const text = await pageText(fakes);
    expect(text.indexOf('It ends our processes')).toBeLessThan(text.indexOf('The CRM was down'));
    expect(text).toMatch(/1 It ends our processes needs you poison oldest 2 d ago, newest 2 d ago/);
    expect(text).toMatch(/3 The CRM was down returns automatically circuit_open oldest 1 min ago/);
    expect(text).toContain('d – 2 d ago once –');
  });

  it('says what it is for where it is empty', async () => {
    expect(await pageText(new PageOnFakes())).toContain('Nothing is in quarantine.');
  });
});

describe('giving an event up', () => {
  it('is offered after a dry run of that event alone, and says what happens next', async () => {
    const fakes = new PageOnFakes();
    const wouldMove = { total: 1, byReason: { crm_rejected: 1 } };
    fakes.answer = { kind: 'answered', answer: redriveResult(true, { examined: 1, wouldMove }) };
    const one = { kind: 'event', eventId: 'e-1' } as const;
    expect(await pageText(fakes, { kind: 'redrive', target: one, dryRun: true })).toContain('Give it up');
    const all = { kind: 'reason', reason: 'crm_rejected' } as const;
    expect(await pageText(fakes, { kind: 'redrive', target: all, dryRun: true })).not.toContain('Give it up');
    fakes.answer = { kind: 'answered', answer: redriveResult(false, { moved: wouldMove }) };
    expect(await pageText(fakes, { kind: 'give_up', eventId: 'e-1' })).toContain(
      'Given up: e-1 The processor settles it as ABANDONED within seconds.',
    );
    expect(fakes.orders.at(-1)).toEqual({
      filter: { eventIds: ['e-1'] },
      dryRun: false,
      giveUp: { by: 'the operations page', why: 'no longer wanted' },
    });
  });

  it('reports that the event was not found', async () => {
    const fakes = new PageOnFakes();
    fakes.answer = { kind: 'answered', answer: redriveResult(false) };
    expect(await pageText(fakes, { kind: 'give_up', eventId: 'e-1' })).toContain('Not given up: e-1');
  });
});

describe('a redrive', () => {
  const target = { kind: 'reason', reason: 'retries_exhausted' } as const;

  it('warns while the circuit is open', async () => {
    const fakes = new PageOnFakes();
    fakes.circuit = { state: 'OPEN', version: 1, openedAtMs: NOW_MS, probeAtMs: NOW_MS, outages: [] };
    fakes.answer = {
      kind: 'answered',
      answer: redriveResult(true, { examined: 2, wouldMove: { total: 2, byReason: {} } }),
    };
    expect(await pageText(fakes, { kind: 'redrive', target, dryRun: true })).toContain(
      'The circuit is open: they would come straight back.',
    );
  });

  it('offers nothing to press where nothing would move', async () => {
    const text = await pageText(new PageOnFakes(), { kind: 'redrive', target, dryRun: true });
    expect(text).toContain('Nothing would move: Every attempt failed (retries_exhausted)');
    expect(text).not.toContain('Redrive ');
  });

  it('shows what was skipped, and why it ended early', async () => {
    const fakes = new PageOnFakes();
    const skipped = { total: 6, byReason: {}, why: { redrives_max: 4, limit: 2, filter: 9 } };
    const report = {
      examined: 1_010,
      moved: { total: 1_000, byReason: {} },
      skipped,
      reachedEnd: false,
      stoppedBecause: 'limit',
    } as const;
    fakes.answer = { kind: 'answered', answer: redriveResult(false, report) };
    const text = await pageText(fakes, { kind: 'redrive', target, dryRun: false });
    expect(text).toContain('1,000 events moved');
    expect(text).toContain('stopped at 1,000, which is as many as one press moves');
    expect(text).toContain(
      '4 events have been redriven too often; redrive them one by one, by their ids 2 events are left',
    );
  });

  it('never says that nothing was moved where nobody knows', async () => {
    const fakes = new PageOnFakes();
    fakes.answer = { kind: 'unavailable', cause: 'Lambda: timeout' };
    expect(await pageText(fakes, { kind: 'redrive', target, dryRun: false })).toContain(
      'The redrive did not tell how it ended; it may have moved events.',
    );
  });
});
