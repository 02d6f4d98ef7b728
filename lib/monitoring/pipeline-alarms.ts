/**
 * The alarms. Each one's name, without the stack's before it, is a heading of docs/runbook.md that
 * says what it means, how to check and what to do. All tell the same topic, when they go off and
 * when it is over.
 */
import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Limits } from '../../lambdas/domain/limits.ts';
import { conservation } from './conservation.ts';
import { formula, type PipelineMetrics } from './pipeline-metrics.ts';

/** Resources under alarm. */
export interface MonitoredResources {
  readonly metrics: PipelineMetrics;
  readonly api: HttpApi;
  readonly deliveryQueue: IQueue;
  readonly quarantine: IQueue;
  /** True if events also come from a partner event bus. */
  readonly hasPartnerBus: boolean;
  /** The delivery stream of the archive; absent: there is no archive. */
  readonly archive?: CfnDeliveryStream;
  readonly ingest: IFunction;
  readonly processor: IFunction;
  readonly redrive: IFunction;
  readonly limits: Limits;
  /** After so many minutes without an accepted delivery an alarm fires; undefined: never. */
  readonly silenceMinutes?: number;
}

/** When an alarm goes off. */
interface Rule {
  /** Description in one line. */
  readonly about: string;
  readonly metric: IMetric;
  /** At this, or above it. */
  readonly from: number;
  /** So many of the last periods: `[2, 3]` is two of three. One of one where it is left out. */
  readonly periods?: readonly [number, number];
  /** Treatment of missing data. Absent: nothing has happened, which is good. */
  readonly missing?: TreatMissingData;
}

const FIVE_MINUTES = Duration.minutes(5);

/** Every alarm of the stack. */
export class PipelineAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(
    scope: Construct,
    id: string,
    props: { readonly watched: MonitoredResources; readonly stackName: string; readonly topic: ITopic },
  ) {
    super(scope, id);
    const action = new SnsAction(props.topic);
    this.alarms = Object.entries(rules(props.watched)).map(([name, rule]) => {
      const [datapointsToAlarm, evaluationPeriods] = rule.periods ?? [1, 1];
      const alarm = new Alarm(this, name, {
        alarmName: `${props.stackName}-${name}`,
        alarmDescription: `${rule.about}. What to do: docs/runbook.md, ${name}`,
        metric: rule.metric,
        threshold: rule.from,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        datapointsToAlarm,
        evaluationPeriods,
        treatMissingData: rule.missing ?? TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
      return alarm;
    });
  }
}

function rules(watched: MonitoredResources): Readonly<Record<string, Rule>> {
  return { ...ingestRules(watched), ...queueRules(watched), ...functionRules(watched) };
}

function ingestRules({ metrics, api, limits, silenceMinutes }: MonitoredResources): Readonly<Record<string, Rule>> {
  return {
    ...(silenceMinutes === undefined ? {} : silenceRules(metrics, silenceMinutes)),
    ApiRefusing: {
      about: 'The HTTP API answers requests 4xx: throttled, wrong URL, or refused by ingest',
      metric: formula(
        'requests answered 4xx',
        `IF(refused * 100 >= ${limits.alarmRefusalsPercent} * requests, refused, 0)`,
        {
          refused: api.metricClientError({ statistic: 'Sum', period: FIVE_MINUTES }),
          requests: api.metricCount({ statistic: 'Sum', period: FIVE_MINUTES }),
        },
        FIVE_MINUTES,
      ),
      from: limits.alarmRefusalsMin,
      periods: [2, 3],
    },
    IngestSlow: {
      about: 'Senders wait too long for their answer',
      metric: formula(
        'ingest p99, ms',
        `IF(deliveries >= ${limits.alarmIngestJudgedFrom}, p99, 0)`,
        {
          p99: metrics.total('IngestLatency', { statistic: 'p99', period: FIVE_MINUTES }),
          deliveries: metrics.total('IngestLatency', { statistic: 'SampleCount', period: FIVE_MINUTES }),
        },
        FIVE_MINUTES,
      ),
      from: limits.alarmIngestLatencyMs,
      periods: [2, 3],
    },
    IngestFailing: {
      about: 'Senders are answered 5xx and have to try again',
      metric: api.metricServerError({ statistic: 'Sum', period: FIVE_MINUTES }),
      from: limits.alarmIngestErrors,
    },
    RefusalsSurging: {
      about: 'A good part of the deliveries is refused',
      metric: formula(
        'deliveries refused',
        `IF(refused * 100 >= ${limits.alarmRefusalsPercent} * deliveries, refused, 0)`,
        {
          refused: metrics.total('DeliveriesRefused', { period: FIVE_MINUTES }),
          // Not what was accepted: a stack whose secret was never right has accepted nothing, ever.
          deliveries: metrics.total('IngestLatency', { statistic: 'SampleCount', period: FIVE_MINUTES }),
        },
        FIVE_MINUTES,
      ),
      from: limits.alarmRefusalsMin,
    },
    EventLoopLagging: {
      about: 'Ingest’s processor is not enough for its work',
      metric: metrics.total('EventLoopLag', { statistic: 'Average' }),
      from: limits.alarmEventLoopLagMs,
      periods: [5, 5],
    },
  };
}

/** Requests to a disabled endpoint or a wrong host appear in no metric of the API. */
function silenceRules(metrics: PipelineMetrics, minutes: number): Readonly<Record<string, Rule>> {
  const periods = minutes / FIVE_MINUTES.toMinutes();
  return {
    DeliveriesSilent: {
      about: `No delivery was accepted for ${minutes} minutes`,
      metric: formula(
        'without a delivery',
        'IF(accepted > 0, 0, 1)',
        { accepted: metrics.total('DeliveriesAccepted', { period: FIVE_MINUTES }) },
        FIVE_MINUTES,
      ),
      from: 1,
      periods: [periods, periods],
      missing: TreatMissingData.BREACHING,
    },
  };
}

function queueRules(watched: MonitoredResources): Readonly<Record<string, Rule>> {
  const { metrics, deliveryQueue, limits } = watched;
  return {
    MessagesWaiting: {
      about: 'The oldest delivery has waited for too long',
      metric: deliveryQueue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: Duration.minutes(1) }),
      from: limits.alarmOldestMessageMs / 1_000,
      periods: [3, 5],
    },
    EventsRetriedLong: {
      // SQS leaves messages that were received three times out of the age that MessagesWaiting is
      // about.
      about: 'An event has been retried for too long',
      metric: metrics.total('RetriedAge', { statistic: 'Maximum', period: FIVE_MINUTES }),
      from: limits.alarmOldestMessageMs,
      // A message in its longest backoff is measured once in three periods.
      periods: [1, 3],
    },
    QuarantineNotEmpty: {
      about: 'Events wait for a person, or for the CRM to come back',
      metric: metrics.total('MessagesInQuarantine', { statistic: 'Maximum' }),
      from: 1,
      // SQS may count one message in an empty queue for a moment.
      periods: [2, 3],
      missing: TreatMissingData.IGNORE,
    },
    QuarantineForgotten: {
      about: 'An event has waited in quarantine for too long',
      metric: metrics.total('OldestInQuarantine', { statistic: 'Maximum' }),
      from: limits.alarmQuarantineAgeMs,
      // It is emitted once a minute; a minute without it changes nothing.
      missing: TreatMissingData.IGNORE,
    },
    CircuitOpen: {
      about:
        'The CRM is down or refuses our calls, and has for a while: the operations page and npm run redrive -- --list name the failure',
      metric: metrics.total('CircuitOpenTime', { statistic: 'Maximum' }),
      from: limits.alarmCircuitOpenMs,
      // It is emitted once a minute; a missing value does not mean that the circuit has closed.
      missing: TreatMissingData.IGNORE,
    },
    ...partnerRules(watched),
    ...archiveRules(watched),
    Unaccounted: {
      about: 'Deliveries were accepted and nothing says what became of them',
      metric: conservation(watched),
      from: 1,
      periods: [2, 2],
    },
  };
}

function partnerRules({ hasPartnerBus, metrics }: MonitoredResources): Readonly<Record<string, Rule>> {
  if (!hasPartnerBus) return {};
  return {
    PartnerEventsStuck: {
      about: 'Events of the partner event bus could not be put into the delivery queue',
      // SQS's own metric of an idle queue may begin 15 minutes late.
      metric: metrics.total('PartnerDeadLetters', { statistic: 'Maximum' }),
      from: 1,
      periods: [2, 3],
      missing: TreatMissingData.IGNORE,
    },
  };
}

/** Longest that Firehose may keep records; it writes an object every five minutes. */
const ARCHIVE_DELAY_SECONDS = 3_600;

function archiveRules({ archive, metrics }: MonitoredResources): Readonly<Record<string, Rule>> {
  if (archive === undefined) return {};
  return {
    ArchiveIncomplete: {
      about: 'Deliveries were applied and not archived: a replay will miss them',
      metric: metrics.total('DeliveriesNotArchived', { period: FIVE_MINUTES }),
      from: 1,
    },
    ArchiveStalled: {
      about: 'Firehose does not write the archive to its bucket',
      metric: new Metric({
        namespace: 'AWS/Firehose',
        metricName: 'DeliveryToS3.DataFreshness',
        dimensionsMap: { DeliveryStreamName: archive.ref },
        statistic: 'Maximum',
        period: FIVE_MINUTES,
      }),
      from: ARCHIVE_DELAY_SECONDS,
      periods: [3, 3],
    },
  };
}

function functionRules({
  metrics,
  ingest,
  processor,
  redrive,
  limits,
}: MonitoredResources): Readonly<Record<string, Rule>> {
  const share = limits.alarmTimeoutPercent / 100;
  return {
    ProcessorFailing: {
      about: 'The processor crashes, or runs into its timeout',
      metric: processor.metricErrors({ statistic: 'Sum', period: FIVE_MINUTES }),
      from: 1,
    },
    AttemptsFailing: {
      about: 'Attempts end by a bug',
      metric: metrics.part('MessagesRetried', 'bug', { period: FIVE_MINUTES }),
      from: 1,
    },
    ProcessorThrottled: {
      about: 'The processor is not given the environments that it asks for',
      metric: processor.metricThrottles({ statistic: 'Sum', period: FIVE_MINUTES }),
      from: 1,
      periods: [2, 3],
    },
    StateTableFailing: {
      about: 'Messages come back because the state table does not answer',
      metric: metrics.part('MessagesRetried', 'state_table', { period: FIVE_MINUTES }),
      from: limits.alarmStateTableRetries,
      periods: [2, 3],
    },
    QuarantineFailing: {
      about: 'Messages come back because they cannot be put into quarantine',
      metric: metrics.part('MessagesRetried', 'quarantine_queue', { period: FIVE_MINUTES }),
      from: 1,
      periods: [2, 3],
    },
    SchedulesSilent: {
      about: 'The schedules do not run: no recovery, no gauges',
      metric: formula(
        'schedules silent',
        'IF(recovered > 0, IF(observed > 0, 0, 1), 1)',
        {
          recovered: metrics.part('ScheduledRuns', 'recover', { period: FIVE_MINUTES }),
          observed: metrics.part('ScheduledRuns', 'observe', { period: FIVE_MINUTES }),
        },
        FIVE_MINUTES,
      ),
      from: 1,
      periods: [3, 3],
      missing: TreatMissingData.BREACHING,
    },
    QuarantineRefreshBehind: {
      about: 'Refresh does not reach the end of quarantine: SQS may delete old messages',
      // The best run of the day: one that reached the end is enough.
      metric: metrics.total('RefreshUnfinished', { statistic: 'Minimum', period: Duration.days(1) }),
      from: 1,
    },
    RedriveFailing: {
      about: 'The redrive function fails, and with it recovery, refresh and what they tell',
      metric: redrive.metricErrors({ statistic: 'Sum', period: FIVE_MINUTES }),
      from: 1,
    },
    IngestNearTimeout: {
      about: 'Ingest comes close to its timeout, at which the sender is answered by nobody',
      metric: ingest.metricDuration({ statistic: 'Maximum', period: Duration.minutes(1) }),
      from: share * limits.ingestFunctionTimeoutMs,
      periods: [2, 5],
    },
    ProcessorNearTimeout: {
      about: 'The processor comes close to its timeout, at which its events wait for their leases to run out',
      metric: processor.metricDuration({ statistic: 'Maximum', period: Duration.minutes(1) }),
      from: share * limits.processorFunctionTimeoutMs,
      periods: [3, 5],
    },
  };
}
