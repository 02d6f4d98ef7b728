/** The page, put together: verdict, result, flow, quarantine, search. */
import type { Controls } from './controls.ts';
import { type FlowCounts, renderFlow } from './flow.ts';
import { timeOfDay } from './format.ts';
import { type Html, html } from './html.ts';
import type { PageContent } from './page-content.ts';
import { renderQuarantine } from './quarantine-list.ts';
import { renderResult } from './result-panel.ts';
import { renderStatusBanner, statusTitle } from './status-banner.ts';

/** Additions to the page by the place that shows it. */
export interface PageExtras {
  readonly counts?: FlowCounts;
  /** Shown after quarantine, which matters more. */
  readonly afterQuarantine?: Html;
}

/** The parts that are updated automatically, by the `id`s of their elements. */
export function renderRegions(
  content: PageContent,
  controls: Controls,
  { counts }: PageExtras = {},
): Record<string, Html> {
  const { snapshot: picture } = content;
  return {
    'ops-announce': statusTitle(picture),
    'ops-verdict': renderStatusBanner(picture),
    'ops-time': html`as of ${timeOfDay(picture.atMs)}`,
    'ops-flow': renderFlow(picture, counts),
    'ops-quarantine': renderQuarantine(picture, controls),
  };
}

/** The whole page, without a document around it. */
export function renderPage(content: PageContent, controls: Controls, extras: PageExtras = {}): Html {
  const regions = renderRegions(content, controls, extras);
  const { result } = content;
  const searched = result?.kind === 'event' ? result.eventId : result?.kind === 'search' ? result.text : '';
  return html`<p class="ops-hidden" role="status" id="ops-announce">${regions['ops-announce']}</p>
<section aria-label="State"><div id="ops-verdict">${regions['ops-verdict']}</div></section>
<div id="ops-result" role="status" tabindex="-1">${renderResult(content, controls)}</div>
<section aria-labelledby="ops-flow-title"><div class="ops-section-head"><h2 id="ops-flow-title">Flow</h2><span class="ops-note" id="ops-time">${regions['ops-time']}</span></div>
<div id="ops-flow">${regions['ops-flow']}</div></section>
<section aria-labelledby="ops-quarantine-title"><div class="ops-section-head"><h2 id="ops-quarantine-title">Quarantine</h2></div>
<div id="ops-quarantine">${regions['ops-quarantine']}</div></section>
${extras.afterQuarantine}
<section aria-labelledby="ops-search-title"><div class="ops-section-head"><h2 id="ops-search-title">Find an event</h2></div>
<div class="ops-card">${controls.search(searched)}</div></section>`;
}
