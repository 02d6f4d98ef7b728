/** Requests of the redrive function, and the faults of an invalid request. */
import * as z from 'zod/mini';
import type { QuarantineReason } from '../idempotency/event-row.ts';
import type { Limits } from '../limits.ts';
import type { GiveUp } from './quarantine-note.ts';
import { isQuarantineReason, QUARANTINE_REASONS } from './quarantine-reasons.ts';

/**
 * Which events are meant: those that every part names. A part that is empty or missing names all.
 */
export interface RedriveFilter {
  readonly reasons: readonly QuarantineReason[];
  readonly eventTypes: readonly string[];
  /** Events named here go back however often they have been redriven: who names them knows. */
  readonly eventIds: readonly string[];
  /** Received at this time or later, epoch milliseconds. */
  readonly receivedFromMs?: number;
  /** Received before this time. */
  readonly receivedToMs?: number;
  /**
   * In quarantine since before this time. No run moves what came after its own start: it may have
   * been moved by it.
   */
  readonly quarantinedBeforeMs?: number;
}

/** A request, checked. */
export type RedriveRequest =
  | {
      readonly kind: 'redrive';
      readonly filter: RedriveFilter;
      /** Largest number of messages to move. */
      readonly limit?: number;
      readonly ratePerSecond: number;
      /** Look and report, but move nothing. */
      readonly dryRun: boolean;
      /** True if the response names the rows of the moved events. */
      readonly listMoved?: boolean;
      /**
       * The events are not tried again: the processor settles them as ABANDONED. The filter names
       * reasons or events.
       */
      readonly giveUp?: GiveUp;
      /** The CRM is called with a new idempotency key. */
      readonly newKey?: true;
    }
  /** All of quarantine, by SQS's own move task. */
  | { readonly kind: 'move_all'; readonly ratePerSecond?: number }
  /** By schedule: take back what an outage put here. */
  | { readonly kind: 'recover' }
  /** By schedule: keep SQS from deleting what has waited for long. */
  | { readonly kind: 'refresh' }
  /** By schedule: record what is to be seen, and move nothing. */
  | { readonly kind: 'observe' }
  /** Reads the index of quarantine, and touches no message. */
  | { readonly kind: 'list' };

/** A checked request, or everything that is wrong with it. */
export type ParsedRequest =
  | { readonly kind: 'request'; readonly request: RedriveRequest }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

/** SQS moves no faster in its own task, and neither do we. */
export const RATE_MAX = 500;
const LISTED_MAX = 100;
/**
 * Maximum problems in a response, and characters of each: Lambda limits a response to 6 MB, as much
 * as a request may have.
 */
const PROBLEMS_MAX = 20;
const PROBLEM_MAX = 400;

const LIMIT_WANTED = 'must be a whole number from 1 on';
const RATE_WANTED = `must be a whole number from 1 to ${RATE_MAX}`;
const FLAG_WANTED = 'must be true or false';
const REASON_WANTED = `must be one of ${Object.keys(QUARANTINE_REASONS).join(', ')}`;
const TEXT_WANTED = 'must be a string of 1 to 256 characters';
const TIME_WANTED = 'must be an ISO 8601 date and time with an offset, such as 2026-01-31T09:30:00Z';
const ORDER_WANTED = 'must be later than filter.receivedFrom: nothing is received between the two';
const GIVE_UP_WANTED = 'takes filter.eventIds or filter.reasons: giving up everything is never meant';
const LIST_WANTED = `must be a list of at most ${LISTED_MAX}`;

const rate = z.number(RATE_WANTED).check(z.int(RATE_WANTED), z.gte(1, RATE_WANTED), z.lte(RATE_MAX, RATE_WANTED));
const reason = z.custom<QuarantineReason>(isQuarantineReason, REASON_WANTED);
const word = z.string(TEXT_WANTED).check(z.minLength(1, TEXT_WANTED), z.maxLength(256, TEXT_WANTED));
const time = z.iso.datetime({ offset: true, error: TIME_WANTED });

function listOf<Item extends z.ZodMiniType>(item: Item) {
  return z.optional(z.array(item, LIST_WANTED).check(z.maxLength(LISTED_MAX, LIST_WANTED)));
}

const redriveSchema = strict({
  filter: z.optional(
    strict({
      reasons: listOf(reason),
      eventTypes: listOf(word),
      eventIds: listOf(word),
      receivedFrom: z.optional(time),
      receivedTo: z.optional(time),
      quarantinedBefore: z.optional(time),
    }).check(z.refine(isInOrder, { path: ['receivedTo'], error: ORDER_WANTED })),
  ),
  limit: z.optional(z.number(LIMIT_WANTED).check(z.int(LIMIT_WANTED), z.gte(1, LIMIT_WANTED))),
  ratePerSecond: z.optional(rate),
  dryRun: z.optional(z.boolean(FLAG_WANTED)),
  listMoved: z.optional(z.boolean(FLAG_WANTED)),
  giveUp: z.optional(strict({ by: word, why: word })),
  newKey: z.optional(z.boolean(FLAG_WANTED)),
}).check(
  z.refine(({ giveUp, filter }) => giveUp === undefined || namesEvents(filter), {
    path: ['giveUp'],
    error: GIVE_UP_WANTED,
  }),
);

function namesEvents(
  filter: { readonly reasons?: unknown[] | undefined; readonly eventIds?: unknown[] | undefined } = {},
) {
  return (filter.reasons ?? []).length + (filter.eventIds ?? []).length > 0;
}

const moveAllSchema = strict({ all: z.literal(true, 'must be true'), ratePerSecond: z.optional(rate) });

const actionSchema = strict({
  action: z.enum(['list', 'recover', 'refresh', 'observe'], 'must be list, recover, refresh or observe'),
});

function isInOrder(window: { readonly receivedFrom?: string | undefined; readonly receivedTo?: string | undefined }) {
  const { receivedFrom, receivedTo } = window;
  return receivedFrom === undefined || receivedTo === undefined || Date.parse(receivedFrom) < Date.parse(receivedTo);
}

function strict<Shape extends Record<string, z.ZodMiniType>>(shape: Shape) {
  const wanted = `takes ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys' ? `${issue.keys.join(', ')} is not known here: it ${wanted}` : wanted,
  });
}

/** Reads a request as the function is sent it. Names every field that is wrong. */
export function parseRedriveRequest(given: unknown, limits: Limits): ParsedRequest {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return { kind: 'refused', problems: ['the request: must be a JSON object'] };
  }
  if ('action' in given) {
    const parsed = actionSchema.safeParse(given);
    return parsed.success ? requested({ kind: parsed.data.action }) : refused(parsed.error.issues);
  }
  if ('all' in given) {
    const parsed = moveAllSchema.safeParse(given);
    if (!parsed.success) return refused(parsed.error.issues);
    const { ratePerSecond } = parsed.data;
    return requested({ kind: 'move_all', ...(ratePerSecond === undefined ? {} : { ratePerSecond }) });
  }
  const parsed = redriveSchema.safeParse(given);
  return parsed.success ? requested(redriveFrom(parsed.data, limits)) : refused(parsed.error.issues);
}

function redriveFrom(data: z.infer<typeof redriveSchema>, limits: Limits): RedriveRequest {
  const {
    filter = {},
    limit,
    ratePerSecond = limits.redriveRatePerSecond,
    dryRun = false,
    listMoved = false,
    giveUp,
    newKey,
  } = data;
  const { reasons = [], eventTypes = [], eventIds = [], receivedFrom, receivedTo, quarantinedBefore } = filter;
  return {
    kind: 'redrive',
    filter: {
      reasons,
      eventTypes,
      eventIds,
      ...(receivedFrom === undefined ? {} : { receivedFromMs: Date.parse(receivedFrom) }),
      ...(receivedTo === undefined ? {} : { receivedToMs: Date.parse(receivedTo) }),
      ...(quarantinedBefore === undefined ? {} : { quarantinedBeforeMs: Date.parse(quarantinedBefore) }),
    },
    ...(limit === undefined ? {} : { limit }),
    ratePerSecond,
    dryRun,
    ...(listMoved ? { listMoved } : {}),
    ...(giveUp === undefined ? {} : { giveUp }),
    ...(newKey === true ? { newKey } : {}),
  };
}

function requested(request: RedriveRequest): ParsedRequest {
  return { kind: 'request', request };
}

function refused(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): ParsedRequest {
  const told = issues
    .slice(0, PROBLEMS_MAX)
    .map(({ path, message }) => `${path.map(String).join('.') || 'the request'}: ${message}`.slice(0, PROBLEM_MAX));
  const more = issues.length - told.length;
  return { kind: 'refused', problems: more === 0 ? told : [...told, `and ${more} more`] };
}
