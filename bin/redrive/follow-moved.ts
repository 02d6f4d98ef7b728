/** Follows moved events until they have ended: `npm run redrive -- --wait`. */
import { type EventRow, isFinal } from '../../lambdas/domain/idempotency/event-row.ts';

/** The part of a row that says how its event ended. */
export type EventOutcome = Pick<EventRow, 'status' | 'reason' | 'settledAtMs'>;

/** The ports of following. */
export interface FollowDependencies {
  /** Reads rows by their keys. */
  readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, EventOutcome>>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
  /** Receives progress, for people. */
  readonly onProgress: (text: string) => void;
}

/** Ends of moved events, as many as are known by key. */
export interface MovedEvents {
  readonly followed: number;
  readonly applied: number;
  readonly stale: number;
  readonly ignored: number;
  readonly givenUp: number;
  /** By reason. */
  readonly quarantinedAgain: Readonly<Record<string, number>>;
  /** Neither final nor in quarantine at the end of the wait. */
  readonly open: number;
}

const LOOK_EVERY_MS = 1_000;

/**
 * Reads the rows until all have ended since `movedAtMs`, or for `waitMs`. A row that was
 * quarantined earlier is still on its way.
 */
export async function followMoved(
  keys: readonly string[],
  movedAtMs: number,
  waitMs: number,
  { read, now, sleep, onProgress }: FollowDependencies,
): Promise<MovedEvents> {
  const ended = new Map<string, EventOutcome>();
  const endsAtMs = now() + waitMs;
  for (let open = keys; open.length > 0; ) {
    for (const [key, outcome] of await read(open)) if (hasEnded(outcome, movedAtMs)) ended.set(key, outcome);
    open = open.filter((key) => !ended.has(key));
    if (open.length === 0 || now() >= endsAtMs) break;
    onProgress(`${ended.size} of ${keys.length} moved events have ended`);
    await sleep(LOOK_EVERY_MS);
  }
  return count(keys.length, [...ended.values()]);
}

function hasEnded({ status, settledAtMs = 0 }: EventOutcome, movedAtMs: number): boolean {
  return isFinal(status) || (status === 'QUARANTINED' && settledAtMs >= movedAtMs);
}

function count(followed: number, outcomes: readonly EventOutcome[]): MovedEvents {
  const withStatus = (status: EventOutcome['status']) => outcomes.filter((one) => one.status === status).length;
  const quarantinedAgain: Record<string, number> = {};
  for (const { status, reason = '-' } of outcomes)
    if (status === 'QUARANTINED') quarantinedAgain[reason] = (quarantinedAgain[reason] ?? 0) + 1;
  return {
    followed,
    applied: withStatus('COMPLETED'),
    stale: withStatus('STALE'),
    ignored: withStatus('IGNORED'),
    givenUp: withStatus('ABANDONED'),
    quarantinedAgain,
    open: followed - outcomes.length,
  };
}

/** True if each event that was moved has become final. */
export function areAllFinal({ open, quarantinedAgain }: MovedEvents): boolean {
  return open === 0 && Object.keys(quarantinedAgain).length === 0;
}

/**
 * `8 applied, 2 in quarantine again (crm_rejected: 2)`. `moved`: all that were moved, with those
 * not known by key.
 */
export function formatMoved(events: MovedEvents, moved: number): string {
  const { followed, applied, stale, ignored, givenUp, quarantinedAgain, open } = events;
  const again = Object.entries(quarantinedAgain);
  const sum = again.reduce((total, [, ofReason]) => total + ofReason, 0);
  const parts: readonly (readonly [number, string])[] = [
    [applied, 'applied'],
    [stale, 'stale'],
    [ignored, 'ignored'],
    [givenUp, 'given up'],
    [sum, `in quarantine again (${again.map(([reason, ofReason]) => `${reason}: ${ofReason}`).join(', ')})`],
    [open, 'not ended yet: npm run redrive -- --list, or npm run event -- <id>'],
    [moved - followed, 'not followed'],
  ];
  const shown = parts.filter(([times]) => times > 0).map(([times, what]) => `${times} ${what}`);
  return shown.join(', ') || 'nothing was moved';
}
