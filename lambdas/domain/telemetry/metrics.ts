/**
 * Every metric that the pipeline emits: the one place in which their names are typed. The functions
 * record by it, dashboard and alarms are built from it.
 *
 * A metric with a dimension is recorded under one value of it and, under the same name without the
 * dimension, in total. The values are listed, and so bounded: CloudWatch bills each combination as
 * a metric of its own. Nothing that comes from outside is a dimension's value.
 */

import { RESPONSE_CLASSES } from '../crm/crm-outcome.ts';
import { IGNORE_CAUSES, type IgnoreCause } from '../crm/mapping.ts';
import type { QuarantineReason } from '../idempotency/event-row.ts';
import { QUARANTINE_REASONS } from '../quarantine/quarantine-reasons.ts';

/**
 * The functions by the names under which they log and emit: the dimension `service` that each
 * metric has.
 */
export type Service = 'ingest' | 'processor' | 'redrive' | 'replay';

/**
 * CloudWatch's units. Counts are summed up over an invocation, times are kept one by one, for
 * percentiles.
 */
export type MetricUnit = 'Count' | 'Milliseconds';

/** One metric. */
export interface MetricSpec {
  readonly service: Service;
  readonly unit: MetricUnit;
  /** Meaning of a value, for dashboard and runbook. */
  readonly description: string;
  /** Dimension, if the metric has one. */
  readonly dimension?: { readonly name: string; readonly values: readonly string[] };
}

const REASONS = Object.keys(QUARANTINE_REASONS) as QuarantineReason[];

/** The table of metrics. */
export const METRICS = {
  // Ingest, once a delivery
  DeliveriesAccepted: {
    service: 'ingest',
    unit: 'Count',
    description: 'deliveries answered 202',
  },
  DeliveriesRefused: {
    service: 'ingest',
    unit: 'Count',
    description: 'deliveries answered anything else',
    dimension: {
      name: 'cause',
      values: [
        'no_signature',
        'signature_malformed',
        'signature_wrong',
        'empty',
        'too_large',
        'secret_unusable',
        'not_persisted',
      ],
    },
  },
  IngestLatency: {
    service: 'ingest',
    unit: 'Milliseconds',
    description: 'from the invocation’s beginning to its answer',
  },
  EventLoopLag: {
    service: 'ingest',
    unit: 'Milliseconds',
    description: 'the longest that an invocation’s event loop stood still',
  },

  // Processor, once a message that comes to an end
  MessagesDone: {
    service: 'processor',
    unit: 'Count',
    description: 'messages that came to an end and are deleted',
    dimension: { name: 'outcome', values: ['applied', 'stale', 'ignored', 'abandoned', 'quarantined', 'duplicate'] },
  },
  MessagesFromElsewhere: {
    service: 'processor',
    unit: 'Count',
    description:
      'those of them that neither ingest nor redrive had sent: of the partner event bus, of a replay, or put in by hand',
  },
  EventsIgnored: {
    service: 'processor',
    unit: 'Count',
    description: 'events that the mapping ignores',
    dimension: { name: 'cause', values: Object.keys(IGNORE_CAUSES) as IgnoreCause[] },
  },
  EventsQuarantined: {
    service: 'processor',
    unit: 'Count',
    description: 'events sent to quarantine',
    dimension: { name: 'reason', values: REASONS },
  },
  MessagesRetried: {
    service: 'processor',
    unit: 'Count',
    description: 'messages that come back later',
    dimension: {
      name: 'cause',
      values: [
        'crm',
        'throttled',
        'rate',
        'in_progress',
        'not_due',
        'behind_newer',
        'state_table',
        'quarantine_queue',
        'no_time',
        'bug',
      ],
    },
  },
  RetriedAge: {
    service: 'processor',
    unit: 'Milliseconds',
    description: 'from receipt to the moment at which a message was put back',
  },
  DeliveriesNotArchived: {
    service: 'processor',
    unit: 'Count',
    description: 'deliveries that Firehose did not take; only with an archive',
  },
  EndToEndLatency: {
    service: 'processor',
    unit: 'Milliseconds',
    description: 'from an applied event’s receipt to its being recorded as applied',
  },
  EventAge: {
    service: 'processor',
    unit: 'Milliseconds',
    description: 'from an applied event’s own timestamp to its being recorded as applied',
  },

  // Processor, once a CRM call
  CrmCalls: {
    service: 'processor',
    unit: 'Count',
    description: 'calls of the CRM by what came of them',
    dimension: { name: 'answer', values: RESPONSE_CLASSES },
  },
  CrmLatency: {
    service: 'processor',
    unit: 'Milliseconds',
    description: 'how long a call of the CRM took, whatever came of it',
  },

  // Processor, when the circuit changes
  CircuitOpened: {
    service: 'processor',
    unit: 'Count',
    description: 'times that the circuit opened',
  },
  CircuitProbes: {
    service: 'processor',
    unit: 'Count',
    description: 'probes of the CRM while the circuit was open',
    dimension: { name: 'result', values: ['succeeded', 'failed'] },
  },

  // Redrive, when it moves events
  EventsRedriven: {
    service: 'redrive',
    unit: 'Count',
    description: 'events sent from quarantine back to the delivery queue',
  },

  // Redrive, once a scheduled run that ended without an exception
  ScheduledRuns: {
    service: 'redrive',
    unit: 'Count',
    description: 'scheduled runs that ended',
    dimension: { name: 'action', values: ['recover', 'observe', 'refresh'] },
  },
  RefreshUnfinished: {
    service: 'redrive',
    unit: 'Count',
    description: '1 for a refresh that did not reach the end of quarantine, otherwise 0',
  },

  // Redrive, at each run of its recovery schedule: what is, not what happened
  CircuitOpenTime: {
    service: 'redrive',
    unit: 'Milliseconds',
    description: 'for how long the circuit has been open; 0 while it is closed',
  },
  PartnerDeadLetters: {
    service: 'redrive',
    unit: 'Count',
    description: 'events that EventBridge could not put into the delivery queue; only with a partner event bus',
  },
  MessagesInQuarantine: {
    service: 'redrive',
    unit: 'Count',
    description: 'messages in quarantine as the queue counts them, held ones included',
  },
  EventsInQuarantine: {
    service: 'redrive',
    unit: 'Count',
    description: 'events in quarantine',
    dimension: { name: 'reason', values: REASONS },
  },
  OldestInQuarantine: {
    service: 'redrive',
    unit: 'Milliseconds',
    description: 'for how long the oldest of them has been quarantined; 0 if quarantine is empty',
  },
} as const satisfies Record<string, MetricSpec>;

/** The name of a metric. */
export type MetricName = keyof typeof METRICS;

/** The names of those that have a dimension. */
export type DividedMetric = {
  [Name in MetricName]: (typeof METRICS)[Name] extends { readonly dimension: object } ? Name : never;
}[MetricName];

/** The names of those that have none. */
export type PlainMetric = Exclude<MetricName, DividedMetric>;

/** The values of a metric's dimension. */
export type DivisionOf<Name extends DividedMetric> = (typeof METRICS)[Name]['dimension']['values'][number];

/** Why a message comes back later. */
export type RetryCause = DivisionOf<'MessagesRetried'>;
