/** Result of a request: an event's timeline, or the report of a redrive. */
import { isAutomatic, QUARANTINE_REASONS } from '../domain/quarantine/quarantine-reasons.ts';
import type { RedriveResult, RunReport, SkipCause, StopCause } from '../domain/quarantine/redrive-result.ts';
import type { Controls } from './controls.ts';
import { counted, figure, utc } from './format.ts';
import { type Html, html } from './html.ts';
import { type FoundTimeline, isRead, type PageContent, REDRIVE_BATCH_MAX, type Result } from './page-content.ts';
import type { RedriveTarget } from './page-request.ts';
import { renderSearch } from './search-panel.ts';

/** The panel, or nothing where nothing was asked. */
export function renderResult({ result, snapshot: picture }: PageContent, controls: Controls): Html | undefined {
  if (result === undefined) return undefined;
  const crmIsDown = isRead(picture.circuitBreaker) && picture.circuitBreaker.state === 'OPEN';
  switch (result.kind) {
    case 'event':
      return renderEvents(result, controls);
    case 'search': {
      const { title, body } = renderSearch(result, controls);
      return panel('plain', title, body);
    }
    case 'redrive':
      return renderRedrive(result, crmIsDown, controls);
    case 'given_up':
      return renderGivenUp(result);
    case 'failed':
      return panel('bad', `${result.what}.`, html`<p>${result.cause}. Try again.</p>`);
    default:
      return result satisfies never;
  }
}

function panel(tone: 'good' | 'watch' | 'bad' | 'plain', title: string, body: Html): Html {
  return html`<section class="ops-panel ops-${tone}" aria-label="Result"><h2>${title}</h2>${body}</section>`;
}

const LIFE_TONES = {
  completed: 'good',
  stale: 'good',
  ignored: 'good',
  quarantined: 'watch',
  in_flight: 'plain',
  given_up: 'plain',
  abandoned: 'watch',
  waiting: 'watch',
  unknown: 'plain',
} as const;

function renderEvents({ eventId, found, unknown }: Extract<Result, { kind: 'event' }>, controls: Controls): Html {
  if (found.length > 0) return html`${found.map((one) => renderLife(eventId, one, controls))}`;
  return panel(
    'plain',
    `${eventId}: not known`,
    html`<p>${unknown.summary}</p>${facts([
      ['Its message', unknown.message],
      ['What to do', unknown.next],
    ])}`,
  );
}

function renderLife(eventId: string, { key, row, timeline: life }: FoundTimeline, controls: Controls): Html {
  const id = row.eventId;
  const mayMove = row.status === 'QUARANTINED' && id !== undefined;
  const dryRun = { kind: 'redrive', target: { kind: 'event', eventId: id ?? '' }, dryRun: true } as const;
  return panel(
    LIFE_TONES[life.state],
    `${id ?? eventId}: ${life.state.replace('_', ' ')}`,
    html`<p>${life.summary}</p>
<ol class="ops-life">${life.steps.map(
      ({ atMs, what, detail }) =>
        html`<li><time>${utc(atMs)}</time> <strong>${what}</strong>${detail !== undefined && html` <span>${detail}</span>`}</li>`,
    )}</ol>
${facts([
  ['Its message', life.message],
  ['What to do', life.next],
  ...(row.eventType === undefined ? [] : ([['Type', row.eventType]] as const)),
  ...(row.firstError === undefined || row.firstError === row.lastError
    ? []
    : ([['First error', row.firstError]] as const)),
  ['Attempts', `${row.attempts}${row.redrives > 0 ? `, redriven ${row.redrives} times` : ''}`],
  ['Row', key],
])}
${mayMove && html`<div class="ops-actions">${controls.button('See whether a redrive would move it', dryRun, { kind: 'plain', acts: true })}</div>`}`,
  );
}

function facts(list: readonly (readonly [string, string])[]): Html {
  return html`<dl class="ops-list">${list.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function renderRedrive(
  { target, dryRun, answer }: Extract<Result, { kind: 'redrive' }>,
  crmIsDown: boolean,
  controls: Controls,
): Html {
  switch (answer.kind) {
    case 'redrive':
      return dryRun ? renderDryRun(target, answer, crmIsDown, controls) : renderMoved(target, answer, crmIsDown);
    case 'refused':
      return panel('bad', 'The redrive function refused the request', html`<p>${answer.problems.join('; ')}</p>`);
    case 'unavailable':
      return panel('bad', 'The redrive did not run', html`<p>${answer.cause}</p>`);
    case 'recover':
    case 'refresh':
    case 'observed':
    case 'listed':
    case 'move_started':
    case 'move_running':
      // The page does not send requests with these results.
      return panel('bad', 'The redrive function answered something else', html`<p>${answer.kind}</p>`);
    default:
      return answer satisfies never;
  }
}

type Report = Extract<RedriveResult, { kind: 'redrive' }>;

function renderDryRun(target: RedriveTarget, report: Report, crmIsDown: boolean, controls: Controls): Html {
  const { total } = report.wouldMove;
  if (total === 0) {
    return panel(
      'plain',
      `Nothing would move: ${nameOf(target)}`,
      html`${renderEnding(report)}${renderSkipped(report)}
<p>Its messages may be on their way already, or another redrive holds them at the moment.</p>`,
    );
  }
  const now = Math.min(total, REDRIVE_BATCH_MAX);
  const request = { kind: 'redrive', target, dryRun: false } as const;
  const question = `Move ${counted(now)} (${nameOf(target)}) from quarantine back to the delivery queue?`;
  return panel(
    'plain',
    `${counted(total)} would move: ${nameOf(target)}`,
    html`<p>From quarantine back to the delivery queue, to be tried again. Nothing has been moved yet.</p>
${renderEnding(report)}${renderSkipped(report)}${crmIsDown && html`<p class="ops-warning">The circuit is open: they would come straight back. Wait until the CRM answers.</p>`}
${helpsRarely(target) && html`<p class="ops-warning">${helpsRarely(target)}</p>`}
<div class="ops-actions">${controls.button(`Redrive ${counted(now)}`, request, { kind: 'primary', confirmation: question, acts: true })}${
      target.kind === 'event' && renderGiveUp(target.eventId, controls)
    }</div>`,
  );
}

function renderGiveUp(eventId: string, controls: Controls): Html {
  const confirmation = 'End this event without applying it to the CRM? Nothing brings it back.';
  return controls.button('Give it up', { kind: 'give_up', eventId }, { kind: 'plain', confirmation, acts: true });
}

function renderGivenUp({ eventId, answer }: Extract<Result, { kind: 'given_up' }>): Html {
  if (answer.kind === 'redrive' && answer.moved.total > 0)
    return panel(
      'plain',
      `Given up: ${eventId}`,
      html`<p>The processor settles it as ABANDONED within seconds. Older events of its contact return automatically.</p>`,
    );
  const cause =
    answer.kind === 'unavailable' ? answer.cause : 'It was not found in quarantine: look at the event again.';
  return panel('bad', `Not given up: ${eventId}`, html`<p>${cause}</p>`);
}

/** Advice for a redrive that changes nothing alone. */
function helpsRarely(target: RedriveTarget): string | undefined {
  if (target.kind === 'event') return undefined;
  return isAutomatic(target.reason) ? undefined : `First: ${QUARANTINE_REASONS[target.reason].next}`;
}

function renderMoved(target: RedriveTarget, report: Report, crmIsDown: boolean): Html {
  const { total } = report.moved;
  const left = report.copiesLeft;
  return panel(
    total > 0 ? 'good' : 'watch',
    total > 0 ? `${counted(total)} moved: ${nameOf(target)}` : `Nothing was moved: ${nameOf(target)}`,
    html`<p>${total > 0 && 'Back in the delivery queue. What still cannot be applied comes back to quarantine; nothing is applied twice.'}</p>
${renderEnding(report)}${renderSkipped(report)}${left > 0 && html`<p>${counted(left, 'copy').replace('copys', 'copies')} could not be deleted from quarantine; they come again, which harms nobody.</p>`}
${crmIsDown && html`<p class="ops-warning">The circuit is open: expect them back in quarantine.</p>`}`,
  );
}

function nameOf(target: RedriveTarget): string {
  return target.kind === 'reason' ? `${QUARANTINE_REASONS[target.reason].title} (${target.reason})` : target.eventId;
}

const STOPPED: Readonly<Record<StopCause, string>> = {
  limit: `at ${figure(REDRIVE_BATCH_MAX)}, which is as many as one press moves; press again for the rest`,
  time: 'when its time was over; run it again for the rest',
  circuit_open: 'because the circuit opened',
  in_flight_max: 'because SQS lets no more messages be in flight; try again in a few minutes',
  unavailable: 'because a queue or the state table did not answer',
};

function renderEnding({ reachedEnd, stoppedBecause, cause, examined: looked }: RunReport): Html {
  const seen = `Looked at ${counted(looked, 'message')} in quarantine`;
  if (reachedEnd || stoppedBecause === undefined) return html`<p>${seen}.</p>`;
  return html`<p>${seen}, and stopped ${STOPPED[stoppedBecause]}${cause !== undefined && ` (${cause})`}.</p>`;
}

const STAYS: Readonly<Partial<Record<SkipCause, string>>> = {
  redrives_max: 'have been redriven too often; redrive them one by one, by their ids',
  not_sent: 'were not taken by the delivery queue',
  run_ended: 'had no turn before the run ended',
  limit: 'are left for the next press',
};

function renderSkipped({ skipped }: RunReport): Html | undefined {
  const told = Object.entries(STAYS).flatMap(([cause, words]) => {
    const count = skipped.why[cause as SkipCause] ?? 0;
    return count === 0 ? [] : [html`<li>${counted(count)} ${words}</li>`];
  });
  return told.length === 0 ? undefined : html`<p>Skipped:</p><ul>${told}</ul>`;
}
