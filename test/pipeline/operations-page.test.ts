/**
 * The operations page over a running pipeline: its numbers, its guards, and the same page as a
 * function.
 */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { localLambdaClient } from '../../local/local-clients.ts';
import { CHROMIUM_PATH, launchChromium } from '../harness/chromium.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

const REFUSED = '+15550199';
const HOSTILE_ID = '<script>document.title="broken"</script>';
const HOSTILE_TYPE = 'interaction.\u001b[31m<img/src=x/onerror=document.title="broken">';

let pipeline: LocalPipelineProcess;
let url: string;

beforeAll(async () => {
  pipeline = await LocalPipelineProcess.start({ context: LIMITS_IN_SECONDS });
  url = new URL('/', pipeline.description.webhookUrl).href;
  await pipeline.setCrmFaults([{ phone: REFUSED, status: 422 }]);
  const post = await pipeline.poster();
  for (let n = 0; n < 5; n += 1) await post(event(`fine-${n}`, `+1555010${n}`));
  await Promise.all([0, 1].map((n) => post(event(`refused-${n}`, REFUSED, ago(60 - n)))));
  await post(event(HOSTILE_ID, REFUSED, ago(1), HOSTILE_TYPE));
  await pipeline.until('all is dealt with', async () => {
    const [{ applied }, refused] = await Promise.all([pipeline.crmState(), pipeline.quarantined('crm_rejected')]);
    return applied === 5 && refused.length === 3;
  });
});

afterAll(async () => {
  await pipeline?.dispose();
});

function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1_000).toISOString();
}

function event(id: string, to: string, eventTimestamp = ago(1), eventType = 'interaction.created'): string {
  return JSON.stringify({ eventBridgeEventId: id, eventType, eventTimestamp, interaction: { id: 'i', to } });
}

async function regions(): Promise<Readonly<Record<string, string>>> {
  return (await (await fetch(`${url}operations/live`)).json()) as Record<string, string>;
}

/** The numbers of the flow by their labels. */
function numbersIn(flow: string): Record<string, string> {
  const found = flow.matchAll(/"ops-label">([^<]*)<\/span>\s*<strong class="ops-number">([^<]*)/g);
  return Object.fromEntries([...found].map(([, label = '', number = '']) => [label, number]));
}

describe('the operations page', () => {
  it('has its address told, and the numbers of the pipeline and of the table', async () => {
    expect(pipeline.output).toContain(`operations        ${url}`);
    let numbers: Record<string, string> = {};
    // A picture is shown for up to a second, so that many who look cost no more than one.
    await pipeline.until('the page shows the end', async () => {
      numbers = numbersIn((await regions())['ops-flow'] ?? '');
      // Metrics arrive with the functions' logs, a moment after the rows.
      return numbers.Quarantine === '3' && numbers.Waiting === '0' && numbers.Applied === '5';
    });
    expect(numbers).toEqual({ Accepted: '8', Waiting: '0', 'CRM circuit': 'Closed', Applied: '5', Quarantine: '3' });
    expect((await regions())['ops-flow']).toContain('since the start: accepted 8 = applied 5 · quarantined 3');
  });

  it('shows events by their ids, with what they hold as text', async () => {
    const found = await (await fetch(`${url}?eventId=${encodeURIComponent(HOSTILE_ID)}`)).text();
    expect(found).toContain('&lt;script&gt;document.title=&quot;broken&quot;&lt;/script&gt;: quarantined');
    expect(found).not.toMatch(/<img|<script>|[^\P{Cc}\n]/u);
  });

  it('allows no script, style or frame of another host', async () => {
    const { headers } = await fetch(url);
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
  });

  it('leaves every other path to the API', async () => {
    expect((await fetch(`${url}nothing`)).status).toBe(404);
    expect((await fetch(pipeline.description.webhookUrl, { method: 'POST' })).status).toBe(401);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
  });

  describe('takes no order', () => {
    const order = async (fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) => {
      const body = new URLSearchParams({ switch: 'down', ...fields });
      const response = await fetch(`${url}operations/crm`, { method: 'POST', body, headers, redirect: 'manual' });
      return response.status;
    };
    const token = async () => /name="token" value="([^"]+)"/.exec(await (await fetch(url)).text())?.[1] ?? '';

    it.each([
      ['without the page’s token', async () => order({})],
      ['with another token', async () => order({ token: 'x'.repeat(32) })],
      ['from another origin', async () => order({ token: await token() }, { origin: 'https://example.com' })],
      ['from another site', async () => order({ token: await token() }, { 'sec-fetch-site': 'cross-site' })],
    ])('%s', async (_what, send) => {
      expect(await send()).toBe(403);
      expect((await regions())['ops-crm']).toContain('is answered 422');
    });

    it('that it does not know', async () => {
      expect(await order({ token: await token(), switch: 'explode' })).toBe(400);
      expect(await order({ token: await token(), switch: 'x'.repeat(9_000) })).toBe(413);
    });
  });

  it('is the same page as a function of the stack, which may look and not act', async () => {
    const { endpoints, functions } = pipeline.description;
    const lambda = localLambdaClient(endpoints);
    const invoke = async (prefix: string, payload: object) => {
      const FunctionName = functions.find(({ logicalId }) => logicalId.startsWith(prefix))?.name ?? '';
      const { Payload } = await lambda.send(new InvokeCommand({ FunctionName, Payload: JSON.stringify(payload) }));
      return JSON.parse(Buffer.from(Payload ?? []).toString('utf8'));
    };
    try {
      const page = String(await invoke('OperationsPageView', { widgetContext: { theme: 'light' } }));
      expect(numbersIn(page)).toEqual({ Waiting: '0', 'CRM circuit': 'Closed', Quarantine: '3' });
      const endpointsIn = new Set(
        [...page.matchAll(/endpoint="[^"]*function:(OperationsPage(?:Act|View))/g)].map(([, name]) => name),
      );
      expect([...endpointsIn].sort()).toEqual(['OperationsPageAct', 'OperationsPageView']);
      expect(await invoke('OperationsPageAct', { ask: 'dry-run', reason: 'crm_rejected' })).toContain(
        '3 events would move',
      );
      expect(await invoke('OperationsPageView', { describe: true })).toMatchObject({
        markdown: expect.stringContaining('quarantine'),
      });
    } finally {
      lambda.destroy();
    }
  });
});

describe('npm run event', () => {
  it.each([
    ['a completed event', 'fine-0', 0, /^fine-0 {2}completed\n\n {2}Applied to the CRM\./],
    ['a quarantined event', 'refused-0', 0, /^refused-0 {2}quarantined\n\n {2}In quarantine as crm_rejected/],
    ['an unknown event', 'nobody', 1, /^nobody {2}not known\n/],
  ])('shows %s', async (_what, id, code, text) => {
    const result = await pipeline.event(id);
    expect(result).toEqual({ code, stdout: expect.stringMatching(text), stderr: '' });
  });

  it('shows a hostile event harmlessly', async () => {
    const { stdout } = await pipeline.event(HOSTILE_ID);
    expect(stdout).toContain('type        interaction. [31m<img/src=x/onerror=document.title="broken">');
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it('finds the events of a contact from its phone number, in any spelling, and those of an interaction', async () => {
    const { code, stdout } = await pipeline.event('--contact', `tel:${REFUSED}`);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/3 events\n\n {2}newest: In quarantine as crm_rejected/)]);
    expect((await pipeline.event('--interaction', 'i', '--limit', '20')).stdout).toContain('fine-0');
    expect((await pipeline.event('--contact', '+19')).code).toBe(1);
  });

  it('refuses to erase a contact while one of its events is in quarantine', async () => {
    const refused = await pipeline.event('--contact', REFUSED, '--erase', '--yes');
    expect([refused.code, refused.stdout]).toEqual([
      1,
      expect.stringMatching(/refused-0 is in quarantine: redrive it/),
    ]);
    expect(refused.stdout).toContain('Quarantined messages that contain it');
    expect((await pipeline.event('--contact', REFUSED)).stdout).toContain('3 events');
  });

  it('finds nothing unsettled where all is settled', async () => {
    const { code, stdout } = await pipeline.event('--unsettled', '--minutes', '0');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^No event is unsettled, of \d+ rows\./)]);
  });
});

// Without Chromium these are skipped, and jest reports that.
(CHROMIUM_PATH === undefined ? describe.skip : describe)('the operations page in Chromium', () => {
  let browser: Browser;
  let page: Page;
  const hosts = new Set<string>();
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('request', (request) => hosts.add(new URL(request.url()).host));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    await page.goto(url);
  });

  afterAll(async () => browser?.close());

  it('keeps its numbers up to date by itself', async () => {
    const post = await pipeline.poster();
    await post(event('fine-again', '+15550177'));
    await page.getByText('9', { exact: true }).first().waitFor();
    await pipeline.until('the page shows what the CRM counts', async () => {
      const applied = String((await pipeline.crmState()).applied);
      return numbersIn(await page.locator('#ops-flow').innerHTML()).Applied === applied;
    });
  });

  it('runs nothing that an event brought', async () => {
    await page.getByText('Show all 3').click();
    await page.getByRole('link', { name: HOSTILE_ID }).click();
    await page.getByRole('heading', { name: `${HOSTILE_ID}: quarantined` }).waitFor();
    expect(await page.title()).toBe('Operations – Genesys to CRM pipeline');
  });

  it.each(['light', 'dark'] as const)('is accessible, as far as axe-core can tell, in %s', async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    // The page’s own policy lets no script in but its own; the debugger’s are not the page’s.
    const found = await page.evaluate(`(() => {${axe.source}; return axe.run()})()`);
    const { violations } = found as { violations: { id: string; nodes: { html: string }[] }[] };
    expect(violations.map(({ id, nodes }) => [id, nodes[0]?.html])).toEqual([]);
  });

  it('fits a phone, with everything unfolded', async () => {
    await page.setViewportSize({ width: 390, height: 800 });
    await page.goto(url);
    await page.getByText('Show all 3').click();
    // Only the table may be wider than the screen, and scrolls by itself.
    const tooWide = `[...document.querySelectorAll('.ops *')].filter((element) =>
      element.getBoundingClientRect().right > 390 && element.closest('.ops-scroll, .ops-hidden') === null)
      .map(({ className }) => className)`;
    expect(await page.evaluate(tooWide)).toEqual([]);
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  it('redrives by keyboard alone, after a dry run', async () => {
    await page.goto(url);
    await pipeline.setCrmFaults([]);
    const dryRun = page.locator('#reason-crm_rejected').getByRole('button', { name: 'See what a redrive would move' });
    for (let presses = 0; presses < 40 && !(await isFocused(dryRun)); presses += 1) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '3 events would move: The CRM refused it (crm_rejected)' }).waitFor();
    expect((await pipeline.count('quarantine')).visible).toBe(3);
    const redrive = page.getByRole('button', { name: 'Redrive 3 events' });
    // The answer has the focus, so that the next step is one key away.
    await page.keyboard.press('Tab');
    expect(await isFocused(redrive)).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: '3 events moved: The CRM refused it (crm_rejected)' }).waitFor();
    await page.getByText('Nothing is in quarantine.', { exact: true }).waitFor();
    expect((await pipeline.count('quarantine')).visible).toBe(0);
  });

  it('breaks and restores the sample CRM', async () => {
    await page.getByRole('button', { name: 'Down' }).click();
    await page.getByText('every call is answered 503').waitFor();
    expect(await page.getByRole('button', { name: 'Down' }).getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'Up' }).click();
    await page.getByText('Sample CRM answers as usual.').waitFor();
  });

  it('stays up to date while somebody types, and takes nothing away from them', async () => {
    await page.locator('#crm-phone').fill('+1555');
    await pipeline.setCrmFaults([{ status: 502 }]);
    await page.getByText('every call is answered 502').waitFor();
    expect(await page.locator('#crm-phone').inputValue()).toBe('+1555');
    await pipeline.setCrmFaults([]);
  });

  it('asks no other host for anything, and has nothing to complain of', () => {
    expect([...hosts]).toEqual([new URL(url).host]);
    expect(complaints).toEqual([]);
  });
});

async function isFocused(locator: ReturnType<Page['locator']>): Promise<boolean> {
  return (await locator.and(locator.page().locator(':focus')).count()) > 0;
}

describe('npm run event -- --contact NUMBER --erase', () => {
  const erase = (...more: readonly string[]) => pipeline.event('--contact', '+15550188', '--erase', ...more);

  it('erases a contact, whose event is still recognised when it comes again', async () => {
    const body = event('to-erase', '+15550188');
    const post = await pipeline.poster();
    await post(body);
    await pipeline.until('the event is applied', async () =>
      (await pipeline.event('to-erase')).stdout.includes('Applied'),
    );
    const planned = await erase();
    expect([planned.code, planned.stdout]).toEqual([0, expect.stringMatching(/EVENT#to-erase {2}COMPLETED/)]);
    expect((await pipeline.event('--contact', '+15550188')).stdout).toContain('1 event');
    expect((await erase('--yes')).stdout).toContain('erased from the state table');
    expect((await pipeline.event('--contact', '+15550188')).stdout).toContain('not known');
    const { applied } = await pipeline.crmState();
    await post(body);
    await pipeline.until('the queue is empty', async () =>
      Object.values(await pipeline.count('deliveryQueue')).every((count) => count === 0),
    );
    expect((await pipeline.crmState()).applied).toBe(applied);
  });
});
