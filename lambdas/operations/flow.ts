/** The way of an event as a row of stations, each with its number. */

import { duration, figure } from './format.ts';
import { type Html, html } from './html.ts';
import { type Depth, isRead, type PipelineSnapshot } from './page-content.ts';

/** Counts of the pipeline on one machine since it was started. */
export interface FlowCounts {
  /** Deliveries answered 202. */
  readonly accepted: number;
  readonly applied: number;
  readonly duplicates: number;
  readonly retried: number;
  /** Settled without a call, because something newer had been applied. */
  readonly stale: number;
  readonly ignored: number;
  /** Locations of all accepted messages, in one line. */
  readonly ledger: string;
}

interface Station {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly tone?: 'good' | 'watch' | 'bad';
  readonly aside?: readonly (readonly [string, string])[];
}

/** In the order of the flow. */
export function renderFlow(picture: PipelineSnapshot, counts?: FlowCounts): Html {
  const stations = [
    ...(counts === undefined ? [] : [accepted(counts)]),
    waiting(picture),
    circuit(picture),
    ...(counts === undefined ? [] : [applied(counts)]),
    quarantined(picture),
  ];
  return html`<ol class="ops-flow">${stations.map(renderStation)}</ol>${
    counts !== undefined && html`<p class="ops-note ops-ledger">since the start: ${counts.ledger}</p>`
  }`;
}

function renderStation({ label, value, note, tone, aside = [] }: Station): Html {
  return html`<li class="ops-station ops-${tone ?? 'plain'}"><span class="ops-label">${label}</span>
<strong class="ops-number">${value}</strong><span class="ops-note">${note}</span>${
    aside.length > 0 &&
    html`<dl class="ops-aside">${aside.map(([name, number]) => html`<div><dt>${name}</dt><dd>${number}</dd></div>`)}</dl>`
  }</li>`;
}

function accepted({ accepted, duplicates }: FlowCounts): Station {
  return {
    label: 'Accepted',
    value: figure(accepted),
    note: 'deliveries answered 202',
    aside: [['duplicates dropped', figure(duplicates)]],
  };
}

function waiting({ deliveryQueue }: PipelineSnapshot): Station {
  const label = 'Waiting';
  if (!isRead(deliveryQueue)) return { label, value: '?', note: deliveryQueue.cause, tone: 'bad' };
  return {
    label,
    value: figure(sum(deliveryQueue)),
    note: 'messages in the delivery queue',
    aside: [
      ['to be taken now', figure(deliveryQueue.visible)],
      ['in flight, or until their retry', figure(deliveryQueue.inFlight + deliveryQueue.delayed)],
    ],
  };
}

function circuit({ circuitBreaker: row, atMs }: PipelineSnapshot): Station {
  const label = 'CRM circuit';
  if (!isRead(row)) return { label, value: 'Unknown', note: row.cause, tone: 'bad' };
  if (row.state === 'OPEN') {
    return { label, value: 'Open', note: `not called for ${duration(atMs - (row.openedAtMs ?? atMs))}`, tone: 'bad' };
  }
  if ((row.notBeforeMs ?? 0) > atMs) {
    const note = `the CRM has asked for a pause of ${duration((row.notBeforeMs ?? 0) - atMs)} more`;
    return { label, value: 'Paused', note, tone: 'bad' };
  }
  const last = row.outages.at(-1);
  const note =
    last === undefined
      ? 'the CRM is called'
      : `the CRM is called; last outage ended ${duration(atMs - last.closedAtMs)} ago`;
  return { label, value: 'Closed', note, tone: 'good' };
}

function applied({ applied, retried, stale, ignored }: FlowCounts): Station {
  return {
    label: 'Applied',
    value: figure(applied),
    note: 'events, since the start',
    aside: [
      ['overtaken by newer', figure(stale)],
      ['ignored by the mapping', figure(ignored)],
      ['retried', figure(retried)],
    ],
  };
}

function quarantined({ quarantine, quarantineQueue }: PipelineSnapshot): Station {
  const label = 'Quarantine';
  if (!isRead(quarantine)) return { label, value: '?', note: quarantine.cause, tone: 'bad' };
  const count = quarantine.reduce((total, reason) => total + reason.count, 0);
  const more = quarantine.some((reason) => reason.more);
  return {
    label,
    value: `${figure(count)}${more ? '+' : ''}`,
    note: count === 0 ? 'no event waits here' : 'events wait here',
    ...(count > 0 ? { tone: 'watch' as const } : {}),
    ...(isRead(quarantineQueue) ? { aside: [['messages in its queue', figure(sum(quarantineQueue))]] } : {}),
  };
}

function sum({ visible, inFlight, delayed }: Depth): number {
  return visible + inFlight + delayed;
}
