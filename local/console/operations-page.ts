/**
 * The operations page on this machine: the page of the stack, live charts, and the sample CRM's
 * switches.
 */
import { randomBytes } from 'node:crypto';
import type { FlowCounts } from '../../lambdas/operations/flow.ts';
import { type Html, html } from '../../lambdas/operations/html.ts';
import { renderPage, renderRegions } from '../../lambdas/operations/page.ts';
import {
  type PageContent,
  type PageDependencies,
  type PipelineSnapshot,
  type Result,
  resultOf,
  takeSnapshot,
} from '../../lambdas/operations/page-content.ts';
import type { PageRequest } from '../../lambdas/operations/page-request.ts';
import { renderResult } from '../../lambdas/operations/result-panel.ts';
import { readCrmFaults, readCrmState, readLatestCrmRecords, setCrmFaults } from '../crm/crm-client.ts';
import type { FaultRule } from '../crm/crm-faults.ts';
import type { MetricsTap } from '../lambda/metrics-tap.ts';
import { renderCharts } from './charts.ts';
import { type CrmReading, crmRegions, type NoCrm, titleOf } from './crm-switches.ts';
import { renderDocument } from './document.ts';
import { FormControls } from './form-controls.ts';
import { formatLedger, type LedgerReader } from './ledger.ts';
import { LiveHistory } from './live-history.ts';

/** Ports and settings of the page. */
export interface OperationsPageSources extends PageDependencies {
  readonly metrics: MetricsTap;
  readonly ledger: LedgerReader;
  /** Undefined: the CRM is the user's own. */
  readonly sampleCrmUrl: string | undefined;
  /** Client of the sample CRM. */
  readonly accessKey: string;
}

/** As often as the metrics have a new period. */
const REMEMBER_EVERY_MS = 5_000;
/** However many look, the pipeline is asked no more often than this. */
const PICTURE_KEPT_MS = 900;

/** Parts of the page by the ids of their elements. */
export type Regions = Readonly<Record<string, string>>;

/** Makes the page and its parts; remembers what the charts show until it is stopped. */
export class OperationsPage {
  /** By which forms of this page are known. */
  readonly token = randomBytes(24).toString('base64url');
  readonly #sources: OperationsPageSources;
  readonly #controls = new FormControls(this.token);
  readonly #history: LiveHistory;
  readonly #timer: NodeJS.Timeout;
  #picture: { readonly takenAtMs: number; readonly picture: Promise<PipelineSnapshot> } | undefined;

  constructor(sources: OperationsPageSources) {
    this.#sources = sources;
    this.#history = new LiveHistory(sources.metrics);
    this.#timer = setInterval(() => void this.#remember(), REMEMBER_EVERY_MS);
    void this.#remember();
  }

  /** Ends the remembering. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** Carries a request out. */
  async handle(request: PageRequest): Promise<Result | undefined> {
    const result = await resultOf(request, this.#sources);
    this.#picture = undefined;
    return result;
  }

  /** Sets the faults of the sample CRM. False if it is absent or does not respond. */
  async setCrmFaults(rules: readonly FaultRule[]): Promise<boolean> {
    const { sampleCrmUrl, accessKey } = this.#sources;
    if (sampleCrmUrl === undefined) return false;
    return setCrmFaults(sampleCrmUrl, accessKey, rules).then(
      () => true,
      () => false,
    );
  }

  /** The whole page. */
  async document(result?: Result): Promise<string> {
    const [picture, crm, counts] = await Promise.all([this.#look(), this.#readCrm(), this.#counts()]);
    const content = contentOf(picture, result);
    const afterQuarantine = html`<section aria-labelledby="crm"><div class="ops-section-head"><h2 id="crm">${titleOf(crm)}</h2>${
      crm !== 'not_a_sample' &&
      html`<span class="ops-note">break it, and watch what happens to events: npm run send -- --count 1000 --rate 20</span>`
    }</div>
<div class="ops-card ops-crm">${Object.entries(crmRegions(crm, this.#controls)).map(([id, part]) => html`<div id="${id}">${part}</div>`)}</div></section>
<section aria-labelledby="ops-charts-title"><div class="ops-section-head"><h2 id="ops-charts-title">The last minutes</h2><span class="ops-note">shaded: the circuit was open</span></div>
<div id="ops-charts">${this.#charts()}</div></section>`;
    return renderDocument(
      renderPage(content, this.#controls, { ...(counts === undefined ? {} : { counts }), afterQuarantine }),
    );
  }

  /** The parts that change; with the result, where there is one. */
  async regions(result?: Result): Promise<Regions> {
    const [picture, crm, counts] = await Promise.all([this.#look(), this.#readCrm(), this.#counts()]);
    const content = contentOf(picture, result);
    const parts: Record<string, Html> = {
      ...renderRegions(content, this.#controls, counts === undefined ? {} : { counts }),
      'ops-charts': this.#charts(),
      ...crmRegions(crm, this.#controls),
    };
    const panel = renderResult(content, this.#controls);
    if (panel !== undefined) parts['ops-result'] = panel;
    return Object.fromEntries(Object.entries(parts).map(([id, part]) => [id, part.text]));
  }

  #charts(): Html {
    const { charts, window } = this.#history.charts(this.#sources.clock.now());
    return renderCharts(charts, window);
  }

  /** Undefined if a queue does not answer. */
  async #counts(): Promise<FlowCounts | undefined> {
    const { metrics, ledger } = this.#sources;
    try {
      const read = await ledger.read();
      const retried = metrics.sinceStart({ metric: 'MessagesRetried', statistic: 'sum' }) ?? 0;
      return { ...read, retried, ledger: formatLedger(read) };
    } catch {
      return undefined;
    }
  }

  async #readCrm(): Promise<CrmReading | NoCrm> {
    const { sampleCrmUrl } = this.#sources;
    if (sampleCrmUrl === undefined) return 'not_a_sample';
    try {
      const [{ rules }, state] = await Promise.all([readCrmFaults(sampleCrmUrl), readCrmState(sampleCrmUrl)]);
      if (state.title === undefined) return { rules, state };
      return { rules, state, latest: await readLatestCrmRecords(sampleCrmUrl) };
    } catch {
      return 'no_answer';
    }
  }

  #look(): Promise<PipelineSnapshot> {
    const nowMs = Date.now();
    if (this.#picture === undefined || nowMs - this.#picture.takenAtMs > PICTURE_KEPT_MS) {
      this.#picture = { takenAtMs: nowMs, picture: takeSnapshot(this.#sources) };
    }
    return this.#picture.picture;
  }

  async #remember(): Promise<void> {
    this.#history.remember(await this.#look());
  }
}

function contentOf(picture: PipelineSnapshot, result: Result | undefined): PageContent {
  return result === undefined ? { snapshot: picture } : { snapshot: picture, result };
}
