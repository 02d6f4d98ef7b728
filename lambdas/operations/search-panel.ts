/** Events of a contact or an interaction, and what became of the newest one. */
import { describeContact } from '../domain/telemetry/contact-state.ts';
import type { Controls } from './controls.ts';
import { counted, utc } from './format.ts';
import { type Html, html } from './html.ts';
import type { FoundTimeline, Result } from './page-content.ts';

/** The panel's title and contents. */
export function renderSearch(
  { text, contacts, count, found, isComplete, atMs }: Extract<Result, { kind: 'search' }>,
  controls: Controls,
): { readonly title: string; readonly body: Html } {
  const [newest] = found;
  const state = contacts.flatMap((row) => describeContact(row, atMs));
  return {
    title: `${text}: ${counted(count)}${isComplete ? '' : ' found so far'}`,
    body: html`${newest !== undefined && html`<p>Newest: ${newest.timeline.summary}</p><p>What to do: ${newest.timeline.next}</p>`}
${state.length > 0 && html`<ul>${state.map((sentence) => html`<li>${sentence}</li>`)}</ul>`}
${
  found.length > 0 &&
  html`<div class="ops-scroll" role="region" aria-label="Events" tabindex="0"><table>
<thead><tr><th scope="col">Received</th><th scope="col">Event</th><th scope="col">Type</th><th scope="col">State</th></tr></thead>
<tbody>${found.map((one) => renderRow(one, controls))}</tbody></table></div>`
}
${!isComplete && html`<p class="ops-warning">The table is larger than what this page reads. For the complete list: npm run event -- --contact or --interaction.</p>`}`,
  };
}

function renderRow({ key, row, timeline }: FoundTimeline, controls: Controls): Html {
  const name = key.startsWith('EVENT#') ? (row.eventId ?? key) : key;
  const look = controls.button(name.slice(0, 40), { kind: 'event', eventId: name }, { kind: 'link' });
  return html`<tr><td>${utc(row.firstReceivedAtMs)}</td><th scope="row">${look}</th><td>${row.eventType ?? '–'}</td><td>${timeline.summary}</td></tr>`;
}
