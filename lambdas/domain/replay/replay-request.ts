/** Requests of the replay function and its answers, and the faults of an invalid request. */
import * as z from 'zod/mini';
import { isReplayId } from './replay-id.ts';

/** A request, checked. */
export interface ReplayRequest {
  /** Events that were sent again under this id are not processed again. */
  readonly replayId: string;
  /** Archived at this time or later, epoch milliseconds. */
  readonly fromMs: number;
  /** Archived before this time. */
  readonly toMs: number;
  /** Types of events; all if empty. */
  readonly types: readonly string[];
  /** The customer's address, as `contactAddressFrom` reduces it; all if absent. */
  readonly contactAddress?: string;
  readonly ratePerSecond: number;
  /** Count, and send nothing. */
  readonly dryRun: boolean;
  /** Person and reason, for the log. */
  readonly by: string;
  readonly reason: string;
  /** The place at which an earlier run has stopped. */
  readonly after?: ArchivePlace;
}

/** A place in the archive: everything before it has been looked at. */
export interface ArchivePlace {
  readonly key: string;
  /** Deliveries of the object that have been looked at. */
  readonly count: number;
}

/** The result of one invocation. */
export type ReplayResult =
  | {
      readonly kind: 'replay';
      /** Deliveries of the window that were looked at. */
      readonly examined: number;
      /** Those of them that are meant, by the type of their events; each event once. */
      readonly matched: Readonly<Record<string, number>>;
      readonly sent: number;
      /** Further deliveries of the same events, which were left out. */
      readonly repeated: number;
      /**
       * Lines of the archive and bodies that are no event, and messages without room for the id.
       */
      readonly unreadable: number;
      /** Objects that have lines that cannot be read; absent if there are none. */
      readonly damaged?: readonly string[];
      /** The place at which the next run goes on; absent if everything has been looked at. */
      readonly after?: ArchivePlace;
      /** Why the run ended early, if not for its time. */
      readonly cause?: string;
    }
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

const time = z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with an offset' });
const word = z.string('must be a text of 1 to 256 characters').check(z.minLength(1), z.maxLength(256));

const fields = {
  replayId: z.custom<string>(isReplayId, 'must be 1 to 40 letters, digits and hyphens'),
  from: time,
  to: time,
  types: z.optional(z.array(word)),
  contactAddress: z.optional(word),
  ratePerSecond: z.number('must be a number from 1 to 1000').check(z.gte(1), z.lte(1_000)),
  dryRun: z.optional(z.boolean('must be true or false')),
  by: word,
  reason: word,
  after: z.optional(z.strictObject({ key: z.string(), count: z.number().check(z.int(), z.gte(0)) })),
};

const schema = z.strictObject(fields, `must be a JSON object of ${Object.keys(fields).join(', ')}`);

/** A request as the function is sent it. */
export type ReplayPayload = z.input<typeof schema>;

/** Reads a request. Names every field that is wrong. */
export function parseReplayRequest(
  given: unknown,
): { readonly kind: 'request'; readonly request: ReplayRequest } | Extract<ReplayResult, { kind: 'refused' }> {
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'the request'}: ${message}`);
    return { kind: 'refused', problems };
  }
  const { replayId, types = [], contactAddress, ratePerSecond, dryRun = false, by, reason, after } = parsed.data;
  const fromMs = Date.parse(parsed.data.from);
  const toMs = Date.parse(parsed.data.to);
  if (fromMs >= toMs) return { kind: 'refused', problems: ['to: must be later than from'] };
  return {
    kind: 'request',
    request: {
      replayId,
      fromMs,
      toMs,
      types,
      ...(contactAddress === undefined ? {} : { contactAddress }),
      ratePerSecond,
      dryRun,
      by,
      reason,
      ...(after === undefined ? {} : { after }),
    },
  };
}
