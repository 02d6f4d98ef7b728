import { describe, expect, it } from '@jest/globals';
import { pageContent } from '../../../lambdas/operations/page-content.ts';
import type { PageRequest } from '../../../lambdas/operations/page-request.ts';
import { readWidgetRequest, renderWidget } from '../../../lambdas/operations/widget.ts';
import { PageOnFakes, quarantinedRow, redriveResult } from '../../harness/page-on-fakes.ts';

const ENDPOINTS = { view: 'arn:aws:lambda:eu-west-1:1:function:view', act: 'arn:aws:lambda:eu-west-1:1:function:act' };
const HOSTILE = `"><script>alert(1)</script><img src=x onerror='alert(2)'>`;

async function widget(fakes: PageOnFakes, request: PageRequest = { kind: 'overview' }): Promise<string> {
  return renderWidget(await pageContent(request, fakes.deps), 'dark', ENDPOINTS);
}

/** Each action: the element before it, what it calls, and what it holds. */
function actionsIn(markup: string) {
  const actions = markup.matchAll(/<button[^>]*>([^<]*)<\/button><cwdb-action ([^>]*)>([^<]*)<\/cwdb-action>/g);
  return [...actions].map(([, label, attributes = '', payload = '']) => ({
    label,
    calls: attributes.includes(`endpoint="${ENDPOINTS.act}"`) ? 'act' : 'view',
    confirms: /confirmation="([^"]*)"/.exec(attributes)?.[1],
    payload: JSON.parse(payload),
  }));
}

describe('what CloudWatch sends', () => {
  const context = { dashboardName: 'd', theme: 'dark', forms: { all: {} }, params: {} };

  it.each([
    ['a request for its documentation', { describe: true }, { kind: 'describe' }],
    ['a refresh', { widgetContext: context }, { kind: 'overview' }],
    [
      'a press of Find',
      { ask: 'event', widgetContext: { ...context, forms: { all: { eventId: ' e-1 ' } } } },
      { kind: 'event', eventId: 'e-1' },
    ],
    [
      'an event that was chosen, whatever the form says',
      { ask: 'event', eventId: 'e-2', widgetContext: { ...context, forms: { all: { eventId: 'e-1' } } } },
      { kind: 'event', eventId: 'e-2' },
    ],
    [
      'a dry run',
      { ask: 'dry-run', reason: 'crm_rejected' },
      { kind: 'redrive', target: { kind: 'reason', reason: 'crm_rejected' }, dryRun: true },
    ],
    [
      'a redrive of one event',
      { ask: 'redrive', eventId: 'e-1' },
      { kind: 'redrive', target: { kind: 'event', eventId: 'e-1' }, dryRun: false },
    ],
    ['giving one event up', { ask: 'give-up', eventId: 'e-1' }, { kind: 'give_up', eventId: 'e-1' }],
    ['giving a whole reason up', { ask: 'give-up', reason: 'poison' }, { kind: 'overview' }],
    ['a redrive of a reason that there is not', { ask: 'redrive', reason: 'toString' }, { kind: 'overview' }],
    ['a redrive of everything', { ask: 'redrive' }, { kind: 'overview' }],
    ['a redrive that names two things', { ask: 'redrive', reason: 'poison', eventId: 'e-1' }, { kind: 'overview' }],
    [
      'a redrive whose event stands in the form alone',
      { ask: 'redrive', widgetContext: { ...context, forms: { all: { eventId: 'e-1' } } } },
      { kind: 'overview' },
    ],
    ['nonsense', { widgetContext: 'x', ask: 7 }, { kind: 'overview' }],
    ['nothing', null, { kind: 'overview' }],
  ])('is understood: %s', (_what, event, request) => {
    const read = readWidgetRequest(event);
    expect(read.kind === 'page' ? read.request : read).toEqual(request);
  });
});

describe('the widget', () => {
  it('keeps to what CloudWatch keeps: no script, no frame, no handler, nothing of another host', async () => {
    const fakes = new PageOnFakes();
    fakes.events.set('EVENT#x', quarantinedRow('crm_rejected', 'x'));
    const markup = await widget(fakes);
    expect(markup).not.toMatch(/<(script|iframe|use|link|img|object|embed)\b/i);
    expect(markup).not.toMatch(/\son[a-z]+=|javascript:|https?:|url\(|@import/i);
    expect(markup).toContain('<div class="ops ops-theme-dark">');
  });

  it('shows what came from outside as text', async () => {
    const fakes = new PageOnFakes();
    const row = quarantinedRow('crm_rejected', HOSTILE, {
      eventType: HOSTILE,
      lastError: `\u001b[31m${HOSTILE}`,
      firstError: HOSTILE,
    });
    fakes.events.set(`EVENT#${HOSTILE}`, row);
    for (const request of [
      { kind: 'overview' },
      { kind: 'event', eventId: HOSTILE },
      { kind: 'event', eventId: `${HOSTILE}?` },
    ] as const) {
      const markup = await widget(fakes, request);
      expect(markup).not.toMatch(/<script|<img|[^\P{Cc}\n]/u);
      expect(markup).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    }
  });

  it('lets who may only look find events, and nothing else', async () => {
    const fakes = new PageOnFakes();
    fakes.events.set('EVENT#e-1', quarantinedRow('crm_rejected', 'e-1'));
    expect(actionsIn(await widget(fakes))).toEqual([
      { label: 'See what a redrive would move', calls: 'act', payload: { ask: 'dry-run', reason: 'crm_rejected' } },
      { label: 'e-1', calls: 'view', payload: { ask: 'event', eventId: 'e-1' } },
      { label: 'Find', calls: 'view', payload: { ask: 'event' } },
    ]);
  });

  it('moves nothing without a dry run and CloudWatch’s own confirmation', async () => {
    const fakes = new PageOnFakes();
    fakes.events.set('EVENT#e-1', quarantinedRow('crm_rejected', 'e-1'));
    fakes.answer = {
      kind: 'answered',
      answer: redriveResult(true, { examined: 3, wouldMove: { total: 1, byReason: { crm_rejected: 1 } } }),
    };
    const target = { kind: 'reason', reason: 'crm_rejected' } as const;
    const dry = await widget(fakes, { kind: 'redrive', target, dryRun: true });
    expect(dry).toContain('1 event would move: The CRM refused it (crm_rejected)');
    expect(actionsIn(dry)[0]).toEqual({
      label: 'Redrive 1 event',
      calls: 'act',
      confirms: 'Move 1 event (The CRM refused it (crm_rejected)) from quarantine back to the delivery queue?',
      payload: { ask: 'redrive', reason: 'crm_rejected' },
    });
    fakes.answer = {
      kind: 'answered',
      answer: redriveResult(false, { examined: 3, moved: { total: 1, byReason: { crm_rejected: 1 } } }),
    };
    expect(await widget(fakes, { kind: 'redrive', target, dryRun: false })).toContain('1 event moved');
    expect(fakes.orders).toEqual([
      { filter: { reasons: ['crm_rejected'] }, dryRun: true },
      { filter: { reasons: ['crm_rejected'] }, dryRun: false, limit: 1_000 },
    ]);
  });
});
