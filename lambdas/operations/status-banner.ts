/** The first thing on the page: how it is, in a sentence. */
import { presentFault, stateOf } from '../domain/crm/circuit-breaker.ts';
import { CRM_FAULTS, type CrmFault } from '../domain/crm/crm-fault.ts';
import { isAutomatic } from '../domain/quarantine/quarantine-reasons.ts';
import { printable } from '../domain/telemetry/redact.ts';
import type { QuarantineOfReason } from '../ports.ts';
import { counted, duration, figure, timeOfDay } from './format.ts';
import { type Html, html } from './html.ts';
import { isRead, type PipelineSnapshot } from './page-content.ts';

/** Severity. */
export type Tone = 'good' | 'watch' | 'bad';

/** The state of the pipeline in words. */
export interface StatusBanner {
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string;
}

/** Judges: the worst first. */
export function statusBannerFor(picture: PipelineSnapshot): StatusBanner {
  const { circuitBreaker: circuit, quarantine, atMs, returnsPerMinute } = picture;
  if (!isRead(circuit) || !isRead(quarantine)) {
    const { cause } = !isRead(circuit) ? circuit : (quarantine as Exclude<typeof quarantine, readonly unknown[]>);
    return {
      tone: 'bad',
      title: 'The state table does not answer',
      detail: `${cause}. Deliveries are still accepted and kept; nothing is applied until the table is back.`,
    };
  }
  if (circuit.state === 'OPEN') {
    const { openedAtMs = atMs, probeAtMs = atMs } = circuit;
    const probe =
      stateOf(circuit, atMs) === 'probe_due'
        ? 'A trial call is due now'
        : `The next trial call is due at ${timeOfDay(probeAtMs)}`;
    const fault = presentFault(circuit);
    return {
      tone: 'bad',
      title: fault === undefined ? 'The CRM is down: the circuit is open' : faultTitle(fault),
      detail:
        (fault === undefined ? '' : `${adviceOn(fault)} The circuit breaker is open. `) +
        `For ${duration(atMs - openedAtMs)}, since ${timeOfDay(openedAtMs)}. ${probe}. Nothing is lost: events wait in ` +
        `quarantine, and return automatically once the CRM answers${within(quarantine, returnsPerMinute)}.`,
    };
  }
  // A single failure may pass; what only a person can end does not.
  const fault = presentFault(circuit);
  if (fault !== undefined && CRM_FAULTS[fault.kind].needsPerson) {
    return { tone: 'bad', title: faultTitle(fault), detail: `${adviceOn(fault)} Nothing is lost: events are retried.` };
  }
  return judgeQuarantine(quarantine, returnsPerMinute);
}

/** `, within about 3 min`; empty if nothing waits. */
function within(quarantine: readonly QuarantineOfReason[], perMinute: number): string {
  const waiting = total(quarantine.filter(({ reason }) => isAutomatic(reason)));
  return waiting === 0 ? '' : `, within about ${duration(Math.ceil(waiting / perMinute) * 60_000)}`;
}

/** `The CRM refuses our credentials (401) since 02:27:00 UTC`. */
function faultTitle({ kind, status, sinceMs }: CrmFault): string {
  return `${CRM_FAULTS[kind].title}${status === undefined ? '' : ` (${status})`} since ${timeOfDay(sinceMs)}`;
}

/** Remedy, and the error that says more. */
function adviceOn({ kind, error }: CrmFault): string {
  return `${CRM_FAULTS[kind].next} Last error: ${printable(error)}.`;
}

function judgeQuarantine(quarantine: readonly QuarantineOfReason[], returnsPerMinute: number): StatusBanner {
  const byItself = quarantine.filter(({ reason }) => isAutomatic(reason));
  const forYou = quarantine.filter((some) => !byItself.includes(some));
  const waiting = total(byItself);
  if (forYou.length > 0) {
    const count = total(forYou);
    return {
      tone: 'watch',
      title: `${atLeast(forYou)}${counted(count)} need${count === 1 ? 's' : ''} you`,
      detail: `They are in quarantine until a person acts; what to do stands below.${
        waiting > 0 ? ` ${figure(waiting)} more will return automatically.` : ''
      }`,
    };
  }
  if (waiting > 0) {
    return {
      tone: 'watch',
      title: `${atLeast(byItself)}${counted(waiting)} on the way back`,
      detail:
        'The CRM answers. What an outage put into quarantine returns automatically, at a rate that the CRM can bear' +
        `${within(byItself, returnsPerMinute)}.`,
    };
  }
  return {
    tone: 'good',
    title: 'All is well',
    detail: 'The CRM answers, and nothing is in quarantine.',
  };
}

function total(reasons: readonly QuarantineOfReason[]): number {
  return reasons.reduce((sum, { count }) => sum + count, 0);
}

function atLeast(reasons: readonly QuarantineOfReason[]): string {
  return reasons.some(({ more }) => more) ? 'More than ' : '';
}

/** The verdict's title, to be announced whenever it changes. */
export function statusTitle(picture: PipelineSnapshot): Html {
  return html`${statusBannerFor(picture).title}`;
}

/** The band at the top. `id`s are for a script that keeps it up to date, and for labels. */
export function renderStatusBanner(picture: PipelineSnapshot): Html {
  const { tone, title, detail } = statusBannerFor(picture);
  return html`<div class="ops-verdict ops-${tone}"><span class="ops-lamp" aria-hidden="true"></span>
<div class="ops-verdict-text"><h2 class="ops-title">${title}</h2><p>${detail}</p></div></div>`;
}
