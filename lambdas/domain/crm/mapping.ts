/** Result of a mapping: an action, an ordering key, rows of the user's own. */
import type { PipelineEvent } from '../event/event.ts';
import type { ContactPlace } from '../idempotency/contact-row.ts';
import type { CrmAction } from './action.ts';
import type { ResponseRule } from './response-rules.ts';

/**
 * A row of the user's own, written to the state table under `USER#<key>` in the same transaction as
 * the event's outcome.
 */
export interface UserRow {
  readonly key: string;
  /**
   * DynamoDB attributes: texts, numbers, booleans, null, bytes (`Uint8Array`), and Sets, arrays and
   * plain objects of them; `undefined` is left out. `pk`, `reason` and `settledAtMs` are the
   * pipeline's; DynamoDB deletes the row after `expiresAt`, in epoch seconds, where it has that.
   * A value that cannot be stored quarantines the event as `mapping_failed`.
   */
  readonly item: Readonly<Record<string, unknown>>;
  /**
   * Only if no row has this key yet; otherwise the event is quarantined as `rows_rejected`, or in a
   * replay, which may have written the row before, the row stays. Default: replace.
   */
  readonly onlyIfAbsent?: boolean;
  /**
   * Only if the row that has this key is of an older event, in whatever order events come;
   * otherwise that row stays. The row keeps the event's place in the order as `position`, so that
   * the item must not have that attribute.
   */
  readonly onlyIfNewer?: boolean;
}

/**
 * A row as it is written. `position` is there where the row that it replaces must be older, or in a
 * replay not newer.
 */
export type UserRowWrite = UserRow & Partial<ContactPlace>;

/** True if a row that has the key already rejects the event; otherwise that row stays. */
export function mustBeAbsent({ onlyIfAbsent, isReplay }: UserRowWrite): boolean {
  return onlyIfAbsent === true && isReplay !== true;
}

/** Why a mapping ignores an event, and what people read of it. */
export const IGNORE_CAUSES = {
  event_type: 'the mapping handles no events of its type',
  no_address: 'it carries no address of the customer',
  withheld: 'the caller withholds the number',
  other: 'the mapping ignores it, and does not say why',
} as const;

export type IgnoreCause = keyof typeof IGNORE_CAUSES;

/** True for one of the causes. A mapping is the user's code: its types may not hold. */
export function isIgnoreCause(value: unknown): value is IgnoreCause {
  return typeof value === 'string' && Object.hasOwn(IGNORE_CAUSES, value);
}

/** Decision on an event. */
export type MappingResult =
  | {
      readonly kind: 'deliver';
      readonly action: CrmAction;
      /**
       * Events of one key are applied one at a time and never older over newer; null: in any order.
       */
      readonly orderingKey: string | null;
      /** Order among events of one timestamp: a whole number from 0 on. Default: by their ids. */
      readonly sequence?: number;
      /**
       * At most 50, each key once. Of an event that turns out stale only those with `onlyIfAbsent`
       * or `onlyIfNewer`.
       */
      readonly rows?: readonly UserRow[];
    }
  /**
   * Acknowledged and recorded as IGNORED with this cause, by which ignored events are counted.
   * Default: `other`.
   */
  | { readonly kind: 'ignore'; readonly cause?: IgnoreCause }
  /** The event lacks what the action needs: quarantined as `invalid_event` with this reason. */
  | { readonly kind: 'invalid'; readonly reason: string };

/**
 * A mapping decides what an event becomes. It is pure: the same event always gives the same answer.
 */
export type CrmMapping = (event: PipelineEvent) => MappingResult;

/** Exports of a mapping file. */
export interface MappingModule {
  readonly crmMapping: CrmMapping;
  /** Meanings of the CRM's responses, tried before those of the connector. */
  readonly responseRules?: readonly ResponseRule[];
}
