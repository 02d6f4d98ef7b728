/** Quarantine by reason: number of events, time of the oldest, and what to do. */
import { isAutomatic, QUARANTINE_REASONS } from '../domain/quarantine/quarantine-reasons.ts';
import type { KeyedRow, QuarantineOfReason } from '../ports.ts';
import type { Controls } from './controls.ts';
import { ago, figure } from './format.ts';
import { type Html, html } from './html.ts';
import { isRead, type PipelineSnapshot } from './page-content.ts';

/** The reasons, those that need a person first. */
export function renderQuarantine({ quarantine, atMs }: PipelineSnapshot, controls: Controls): Html {
  if (!isRead(quarantine)) {
    return html`<p class="ops-empty">The state table does not answer: ${quarantine.cause}.</p>`;
  }
  if (quarantine.length === 0) {
    return html`<p class="ops-empty"><strong>Nothing is in quarantine.</strong> Events come here when the CRM is down,
refuses them, or cannot make sense of them; none is thrown away.</p>`;
  }
  const sorted = [...quarantine].sort((one, other) => rank(one) - rank(other) || other.count - one.count);
  return html`<ul class="ops-reasons">${sorted.map((reason) => renderReason(reason, atMs, controls))}</ul>`;
}

function rank({ reason }: QuarantineOfReason): number {
  return isAutomatic(reason) ? 1 : 0;
}

function renderReason(some: QuarantineOfReason, nowMs: number, controls: Controls): Html {
  const { reason, count, more, oldestAtMs, newestAtMs, sample } = some;
  const { title, next } = QUARANTINE_REASONS[reason];
  const [tag, tone] = isAutomatic(reason) ? ['returns automatically', 'calm'] : ['needs you', 'watch'];
  const dryRun = { kind: 'redrive', target: { kind: 'reason', reason }, dryRun: true } as const;
  return html`<li class="ops-reason" id="reason-${reason}">
<div class="ops-reason-head"><strong class="ops-number">${figure(count)}${more && '+'}</strong>
<div><h3>${title} <span class="ops-tag ops-${tone}">${tag}</span></h3>
<p class="ops-facts"><code>${reason}</code> <span>oldest ${ago(oldestAtMs, nowMs)}, newest ${ago(newestAtMs, nowMs)}</span></p></div>
<div class="ops-actions">${controls.button(`See what a redrive would move`, dryRun, { kind: 'plain', acts: true })}</div></div>
<p class="ops-next">${next}</p>
${renderErrors(some)}
<details class="ops-sample" id="sample-${reason}"><summary>${toShow(sample.length, count)}</summary>${renderSample(sample, nowMs, controls)}</details></li>`;
}

function renderErrors({ errors, errorsOf, count }: QuarantineOfReason): Html {
  if (errors.length === 0) return html``;
  const some = errorsOf < count && html`<p class="ops-facts">errors of the newest ${figure(errorsOf)}</p>`;
  return html`${some}<ul class="ops-errors">${errors.map(
    ({ error, count }) => html`<li><strong>${figure(count)} ×</strong> <span class="ops-error">${error}</span></li>`,
  )}</ul>`;
}

function toShow(shown: number, count: number): string {
  if (shown < count) return `Show the newest ${shown}`;
  return shown === 1 ? 'Show the event' : `Show all ${shown}`;
}

function renderSample(sample: readonly KeyedRow[], nowMs: number, controls: Controls): Html {
  return html`<div class="ops-scroll" role="region" aria-label="Events" tabindex="0"><table>
<thead><tr><th scope="col">Event</th><th scope="col">Type</th><th scope="col">Quarantined</th><th scope="col">Redriven</th><th scope="col">Last error</th></tr></thead>
<tbody>${sample.map((keyed) => renderEvent(keyed, nowMs, controls))}</tbody></table></div>`;
}

function renderEvent({ key, row }: KeyedRow, nowMs: number, controls: Controls): Html {
  // A body that is no valid event has no id: its row names it.
  const name = key.startsWith('EVENT#') ? (row.eventId ?? key) : key;
  const look = controls.button(shortened(name), { kind: 'event', eventId: name }, { kind: 'link' });
  return html`<tr><th scope="row">${look}</th><td>${row.eventType ?? '–'}</td>
<td>${ago(row.settledAtMs ?? 0, nowMs)}</td><td>${row.redrives === 0 ? 'never' : row.redrives === 1 ? 'once' : `${row.redrives} times`}</td>
<td class="ops-error">${row.lastError ?? '–'}</td></tr>`;
}

function shortened(name: string): string {
  return name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-12)}` : name;
}
