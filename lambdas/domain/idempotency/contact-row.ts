/**
 * The row of a contact, which orders the events that are applied to it, and the rules by which an
 * attempt may take it. Pure.
 */

/** A contact's row. Positions are compared as strings; absent means none. */
export interface ContactRow {
  /** The attempt that works on this contact. */
  readonly holder?: string;
  readonly leaseExpiresAtMs?: number;
  /** Position of the newest event applied. */
  readonly newest?: string;
  /** Position of the newest event whose CRM call may have been applied without a settle. */
  readonly unsettled?: string;
  /**
   * Value of `unsettled` before the holder's claim. Restored if the holder's call was certainly not
   * applied.
   */
  readonly unsettledBefore?: string;
  /**
   * Time to live, epoch seconds; set by each claim. Absent in rows of version 0.1.0 until their
   * next claim.
   */
  readonly expiresAt?: number;
}

/** Decision on an event's contact, given its row. */
export type ContactDecision =
  | { readonly kind: 'free' }
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'held'; readonly leaseExpiresAtMs: number }
  | { readonly kind: 'behind_newer' };

/** An event's place in the order of its contact. */
export interface ContactPlace {
  readonly position: string;
  /**
   * True if the event is sent again by a replay: the newest event that was applied may then be this
   * one, and is applied again. Older ones stay overtaken.
   */
  readonly isReplay?: true;
}

/** Decides whether the attempt `owner` may apply an event at this place to the contact. */
export function decideContact(
  row: ContactRow | undefined,
  { position, isReplay }: ContactPlace,
  owner: string,
  nowMs: number,
): ContactDecision {
  if (row === undefined) return { kind: 'free' };
  const { newest = '' } = row;
  if (newest > position || (newest === position && isReplay !== true)) return { kind: 'overtaken' };
  const leaseExpiresAtMs = row.leaseExpiresAtMs ?? 0;
  if (row.holder !== undefined && row.holder !== owner && leaseExpiresAtMs > nowMs)
    return { kind: 'held', leaseExpiresAtMs };
  if (row.unsettled !== undefined && row.unsettled > position) return { kind: 'behind_newer' };
  return { kind: 'free' };
}

/**
 * True if the contact waits for the settlement of the event at `position`, and no attempt holds it.
 */
export function isUnsettledBy(row: ContactRow | undefined, position: string, nowMs: number): boolean {
  const isHeld = row?.holder !== undefined && (row.leaseExpiresAtMs ?? 0) > nowMs;
  return row?.unsettled === position && !isHeld;
}

/** Effect of an attempt's CRM call: applied, certainly not applied, or unknown. */
export type ContactEffect = 'applied' | 'not_applied' | 'unknown';

/** The contact's row after a claim at `position`. */
export function claimedContact(
  row: ContactRow | undefined,
  position: string,
  owner: string,
  leaseExpiresAtMs: number,
  expiresAt: number,
): ContactRow {
  return {
    ...(row?.newest === undefined ? {} : { newest: row.newest }),
    holder: owner,
    leaseExpiresAtMs,
    unsettled: position,
    unsettledBefore: row?.unsettled ?? '',
    expiresAt,
  };
}

/**
 * The contact's row after its holder has settled, with what is known of the call. It stays held
 * until the lease ends where the CRM may still be executing the call: what comes later must not be
 * overwritten by it.
 */
export function releasedContact(
  row: ContactRow,
  position: string,
  effect: ContactEffect,
  staysHeld: boolean,
): ContactRow {
  const { holder, leaseExpiresAtMs, newest, expiresAt } = row;
  const kept = {
    ...(staysHeld && holder !== undefined && leaseExpiresAtMs !== undefined ? { holder, leaseExpiresAtMs } : {}),
    ...(newest === undefined ? {} : { newest }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
  switch (effect) {
    case 'applied':
      return { ...kept, newest: position };
    case 'not_applied':
      return { ...kept, unsettled: row.unsettledBefore ?? '' };
    case 'unknown':
      return { ...kept, unsettled: row.unsettled ?? '' };
    default:
      return effect satisfies never;
  }
}
