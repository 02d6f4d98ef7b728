/**
 * The alarms. Each one's name, without the stack's before it, is a heading of docs/runbook.md that says what it means,
 * how to check and what to do. All tell the same topic, when they go off and when it is over.
 */
import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Limits } from '../lambdas/domain/limits.ts';
import { conservation } from './conservation.ts';
import { formula, type PipelineMetrics } from './pipeline-metrics.ts';

/** What is watched. */
export interface Watched {
  readonly metrics: PipelineMetrics;
  readonly api: HttpApi;
  readonly deliveryQueue: IQueue;
  readonly quarantine: IQueue;
  /** Where there is a partner event bus: what it could not put into the delivery queue. */
  readonly partnerDeadLetters?: IQueue;
  readonly ingest: IFunction;
  readonly processor: IFunction;
  readonly redrive: IFunction;
  readonly limits: Limits;
}

/** When an alarm goes off. */
interface Rule {
  /** What is told with it: one line. */
  readonly about: string;
  readonly metric: IMetric;
  /** At this, or above it. */
  readonly from: number;
  /** So many of the last periods: `[2, 3]` is two of three. One of one where it is left out. */
  readonly periods?: readonly [number, number];
  /** What no data means. Left out: nothing has happened, which is good. */
  readonly missing?: TreatMissingData;
}

const FIVE_MINUTES = Duration.minutes(5);

/** Every alarm of the stack. */
export class PipelineAlarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(
    scope: Construct,
    id: string,
    props: { readonly watched: Watched; readonly stackName: string; readonly topic: ITopic },
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

function rules(watched: Watched): Readonly<Record<string, Rule>> {
  return { ...ingestRules(watched), ...queueRules(watched), ...functionRules(watched) };
}

function ingestRules({ metrics, api, limits }: Watched): Readonly<Record<string, Rule>> {
  return {
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

function queueRules(watched: Watched): Readonly<Record<string, Rule>> {
  const { metrics, deliveryQueue, quarantine, limits } = watched;
  return {
    MessagesWaiting: {
      about: 'The oldest delivery has waited for too long',
      metric: deliveryQueue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: Duration.minutes(1) }),
      from: limits.alarmOldestMessageMs / 1_000,
      periods: [3, 5],
    },
    QuarantineNotEmpty: {
      about: 'Events wait for a person, or for the CRM to come back',
      // While the redrive function looks through quarantine, its messages are not visible.
      metric: formula('messages in quarantine', 'visible + held', {
        visible: quarantine.metricApproximateNumberOfMessagesVisible({
          statistic: 'Maximum',
          period: Duration.minutes(1),
        }),
        held: quarantine.metricApproximateNumberOfMessagesNotVisible({
          statistic: 'Maximum',
          period: Duration.minutes(1),
        }),
      }),
      from: 1,
    },
    QuarantineForgotten: {
      about: 'An event has waited in quarantine for too long',
      // Of messages that SQS itself moved there is no row: their age is SQS's own, which a refresh sets back.
      metric: formula('oldest in quarantine, ms', 'IF(moved * 1000 > noted, moved * 1000, noted)', {
        noted: metrics.total('OldestInQuarantine', { statistic: 'Maximum' }),
        moved: quarantine.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: Duration.minutes(1) }),
      }),
      from: limits.alarmQuarantineAgeMs,
      // It is emitted once a minute; a minute without it changes nothing.
      missing: TreatMissingData.IGNORE,
    },
    CircuitOpen: {
      about: 'The CRM is down, and has been for a while',
      metric: metrics.total('CircuitOpenTime', { statistic: 'Maximum' }),
      from: limits.alarmCircuitOpenMs,
      // It is emitted once a minute; an open circuit does not close because nobody looks.
      missing: TreatMissingData.IGNORE,
    },
    ...partnerRules(watched),
    Unaccounted: {
      about: 'Deliveries were accepted and nothing says what became of them',
      metric: conservation(watched),
      from: 1,
    },
  };
}

function partnerRules({ partnerDeadLetters }: Watched): Readonly<Record<string, Rule>> {
  if (partnerDeadLetters === undefined) return {};
  return {
    PartnerEventsStuck: {
      about: 'Events of the partner event bus could not be put into the delivery queue',
      metric: partnerDeadLetters.metricApproximateNumberOfMessagesVisible({
        statistic: 'Maximum',
        period: Duration.minutes(1),
      }),
      from: 1,
    },
  };
}

function functionRules({ metrics, ingest, processor, redrive, limits }: Watched): Readonly<Record<string, Rule>> {
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
