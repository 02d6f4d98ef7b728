/** A record of a batch, step by step made ready for an attempt: decoded, parsed, mapped. */
import type { CrmCommand, CrmMapping, Mapped, UserRow } from '../domain/crm-command.ts';
import { openEnvelope, type ReceivedMessage } from '../domain/envelope.ts';
import { errorName } from '../domain/error-name.ts';
import type { PipelineEvent } from '../domain/event.ts';
import { readEvent } from '../domain/event-forms.ts';
import { bodyIdentity, bodyKey, contactKey, eventKey, identityOf, orderingKeyDigest } from '../domain/event-key.ts';
import { positionOf, type QuarantineReason } from '../domain/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { problemWithDelivery } from '../domain/mapping-check.ts';

/** A message and the handle by which its visibility is set. */
export interface SourceRecord {
  readonly message: ReceivedMessage;
  readonly receiptHandle: string;
}

/** A record whose body has been read, before the user's mapping has seen it. */
export interface ParsedRecord {
  readonly source: SourceRecord;
  readonly eventKey: string;
  readonly receivedAtMs: number;
  /** How it came: the envelope's `source`, from the partner bus, or by hand. */
  readonly origin: string;
  readonly fromQuarantine: boolean;
  readonly parsed:
    | { readonly kind: 'event'; readonly event: PipelineEvent }
    | { readonly kind: 'invalid'; readonly reason: string; readonly identity: string };
}

/** The contact that an event is applied to. */
export interface ContactRef {
  readonly key: string;
  /** Digest of the ordering key. */
  readonly digest: string;
  readonly position: string;
}

/** What is to be done with a record. */
export type Task =
  | {
      readonly kind: 'deliver';
      readonly event: PipelineEvent;
      readonly command: CrmCommand;
      readonly contact?: ContactRef;
      readonly userRows: readonly UserRow[];
    }
  | { readonly kind: 'ignore'; readonly event: PipelineEvent }
  | {
      readonly kind: 'unprocessable';
      readonly reason: QuarantineReason;
      readonly detail: string;
      readonly event?: PipelineEvent;
    };

/** A record ready for an attempt. */
export interface PreparedRecord extends Omit<ParsedRecord, 'parsed'> {
  readonly identity: string;
  readonly task: Task;
}

/** Decodes and parses one message. Never throws. */
export function parseRecord(source: SourceRecord, limits: Limits): ParsedRecord {
  const { bytes, receivedAtMs, origin, fromQuarantine, problem } = openEnvelope(source.message);
  const parsed =
    problem === undefined
      ? readEvent(bytes, { origin, receivedAtMs }, limits)
      : { kind: 'invalid' as const, reason: problem };
  const fromBus = parsed.kind === 'event' && parsed.event.source === 'genesys-partner-bus';
  const common = { source, receivedAtMs, fromQuarantine, origin: fromBus ? parsed.event.source : origin };
  if (parsed.kind === 'event') return { ...common, parsed, eventKey: eventKey(parsed.event.id) };
  return { ...common, parsed: { ...parsed, identity: bodyIdentity(bytes) }, eventKey: bodyKey(bytes) };
}

/** Asks the mapping what is to be done. A mapping that throws is this record's misfortune, not its batch's. */
export function prepareRecord(record: ParsedRecord, mapping: CrmMapping): PreparedRecord {
  const { parsed, ...rest } = record;
  if (parsed.kind === 'invalid') {
    return {
      ...rest,
      identity: parsed.identity,
      task: { kind: 'unprocessable', reason: 'invalid_event', detail: parsed.reason },
    };
  }
  const { event } = parsed;
  const mapped = callMapping(event, mapping);
  switch (mapped.kind) {
    case 'deliver': {
      const contact = mapped.orderingKey === null ? undefined : contactOf(event, mapped.orderingKey);
      const task = { kind: 'deliver', event, command: mapped.command, userRows: mapped.rows ?? [] } as const;
      return { ...rest, identity: identityOf(event), task: contact === undefined ? task : { ...task, contact } };
    }
    case 'ignore':
      return { ...rest, identity: identityOf(event), task: { kind: 'ignore', event } };
    case 'invalid':
    case 'failed': {
      const reason = mapped.kind === 'failed' ? 'mapping_failed' : 'invalid_event';
      return {
        ...rest,
        identity: identityOf(event),
        task: { kind: 'unprocessable', reason, detail: mapped.reason, event },
      };
    }
    default:
      return mapped satisfies never;
  }
}

function contactOf(event: PipelineEvent, orderingKey: string): ContactRef {
  const digest = orderingKeyDigest(orderingKey);
  return { digest, key: contactKey(digest), position: positionOf(event.timestampMs, event.id) };
}

function callMapping(
  event: PipelineEvent,
  mapping: CrmMapping,
): Mapped | { readonly kind: 'failed'; readonly reason: string } {
  try {
    const mapped = mapping(event);
    const problem = mapped.kind === 'deliver' ? problemWithDelivery(mapped) : undefined;
    return problem === undefined ? mapped : { kind: 'failed', reason: `the mapping gave ${problem}` };
  } catch (error) {
    return { kind: 'failed', reason: `the mapping threw ${errorName(error)}` };
  }
}

/** Digest of the record's ordering key, where it has one. */
export function orderingDigestOf(record: PreparedRecord): string | undefined {
  return record.task.kind === 'deliver' ? record.task.contact?.digest : undefined;
}
