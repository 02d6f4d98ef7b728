/**
 * Every metric that the pipeline emits: the one place in which their names are typed. The functions record by it,
 * dashboard and alarms are built from it.
 *
 * A metric with a dimension is recorded under one value of it and, under the same name without the dimension, in
 * total. The values are listed, and so bounded: CloudWatch bills each combination as a metric of its own. Nothing that
 * comes from outside is a dimension's value.
 */
import { ANSWER_CLASSES } from './crm-outcome.ts';
import type { QuarantineReason } from './event-row.ts';
import { QUARANTINE_REASONS } from './quarantine-reasons.ts';

/** The functions by the names under which they log and emit: the dimension `service` that each metric has. */
export type Service = 'ingest' | 'processor' | 'redrive';

/** CloudWatch's units. Counts are summed up over an invocation, times are kept one by one, for percentiles. */
export type MetricUnit = 'Count' | 'Milliseconds';

/** One metric. */
export interface MetricSpec {
  readonly service: Service;
  readonly unit: MetricUnit;
  /** What a value says, for dashboard and runbook. */
  readonly about: string;
  /** What it is divided by. */
  readonly dimension?: { readonly name: string; readonly values: readonly string[] };
}

const REASONS = Object.keys(QUARANTINE_REASONS) as QuarantineReason[];

/** The table of metrics. */
export const METRICS = {
  // Ingest, once a delivery
  DeliveriesAccepted: {
    service: 'ingest',
    unit: 'Count',
    about: 'deliveries answered 202',
  },
  DeliveriesRefused: {
    service: 'ingest',
    unit: 'Count',
    about: 'deliveries answered anything else',
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
    about: 'from the invocation’s beginning to its answer',
  },
  EventLoopLag: {
    service: 'ingest',
    unit: 'Milliseconds',
    about: 'the longest that an invocation’s event loop stood still',
  },

  // Processor, once a message that comes to an end
  MessagesDone: {
    service: 'processor',
    unit: 'Count',
    about: 'messages that came to an end and are deleted',
    dimension: { name: 'outcome', values: ['applied', 'stale', 'ignored', 'quarantined', 'duplicate'] },
  },
  MessagesFromElsewhere: {
    service: 'processor',
    unit: 'Count',
    about: 'those of them that neither ingest nor redrive had sent: from the partner event bus, or put in by hand',
  },
  EventsQuarantined: {
    service: 'processor',
    unit: 'Count',
    about: 'events sent to quarantine',
    dimension: { name: 'reason', values: REASONS },
  },
  MessagesRetried: {
    service: 'processor',
    unit: 'Count',
    about: 'messages that come back later',
    dimension: {
      name: 'cause',
      values: ['crm', 'in_progress', 'not_due', 'behind_newer', 'state_table', 'quarantine_queue', 'no_time', 'bug'],
    },
  },
  EndToEndLatency: {
    service: 'processor',
    unit: 'Milliseconds',
    about: 'from an applied event’s receipt to its being recorded as applied',
  },
  EventAge: {
    service: 'processor',
    unit: 'Milliseconds',
    about: 'from an applied event’s own timestamp to its being recorded as applied',
  },

  // Processor, once a CRM call
  CrmCalls: {
    service: 'processor',
    unit: 'Count',
    about: 'calls of the CRM by what came of them',
    dimension: { name: 'answer', values: ANSWER_CLASSES },
  },
  CrmLatency: {
    service: 'processor',
    unit: 'Milliseconds',
    about: 'how long a call of the CRM took, whatever came of it',
  },

  // Processor, when the circuit changes
  CircuitOpened: {
    service: 'processor',
    unit: 'Count',
    about: 'times that the circuit opened',
  },
  CircuitProbes: {
    service: 'processor',
    unit: 'Count',
    about: 'probes of the CRM while the circuit was open',
    dimension: { name: 'result', values: ['succeeded', 'failed'] },
  },

  // Redrive, when it moves events
  EventsRedriven: {
    service: 'redrive',
    unit: 'Count',
    about: 'events sent from quarantine back to the delivery queue',
  },

  // Redrive, at each run of its recovery schedule: what is, not what happened
  CircuitOpenTime: {
    service: 'redrive',
    unit: 'Milliseconds',
    about: 'for how long the circuit has been open; 0 while it is closed',
  },
  EventsInQuarantine: {
    service: 'redrive',
    unit: 'Count',
    about: 'events in quarantine',
    dimension: { name: 'reason', values: REASONS },
  },
  OldestInQuarantine: {
    service: 'redrive',
    unit: 'Milliseconds',
    about: 'for how long the oldest of them has been quarantined; 0 where there is none',
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
