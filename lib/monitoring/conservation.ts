/**
 * Compares what went in and came out: of an hour, deliveries accepted and events redriven, less
 * messages that came to an end (but for those that never went in: of the partner event bus, of
 * replays, and put in by hand). It is judged only where the delivery queue stood still: what it
 * took in or gave out between the hour's ends would be taken for a loss. Each metric is emitted
 * all along, as 0 if need be: FILL is for gaps, not for what never was.
 */
import { Duration } from 'aws-cdk-lib';
import type { IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Limits } from '../../lambdas/domain/limits.ts';
import { formula, type PipelineMetrics } from './pipeline-metrics.ts';

const HOUR = Duration.hours(1);

/**
 * By how many the unaccounted exceed what is tolerated: max(a number, a share of the accepted). 0
 * where not judged.
 */
export function conservation({
  metrics,
  deliveryQueue,
  limits,
}: {
  readonly metrics: PipelineMetrics;
  readonly deliveryQueue: IQueue;
  readonly limits: Limits;
}): IMetric {
  const least = limits.alarmUnaccountedMin;
  const share = `FILL(accepted, 0) * ${limits.alarmUnaccountedPerMille / 1_000}`;
  const tolerated = `IF(${share} > ${least}, ${share}, ${least})`;
  const moved = '(FILL(waitingMost, 0) - FILL(waitingLeast, 0)) + (FILL(heldMost, 0) - FILL(heldLeast, 0))';
  const excess = `FILL(accepted, 0) + FILL(redriven, 0) + FILL(elsewhere, 0) - FILL(done, 0) - ${tolerated}`;
  return formula(
    'unaccounted for',
    `IF(${moved} > ${tolerated}, 0, IF(${excess} > 0, ${excess}, 0))`,
    {
      accepted: metrics.total('DeliveriesAccepted', { period: HOUR }),
      redriven: metrics.total('EventsRedriven', { period: HOUR }),
      elsewhere: metrics.total('MessagesFromElsewhere', { period: HOUR }),
      done: metrics.total('MessagesDone', { period: HOUR }),
      ...extremes('waiting', (options) => deliveryQueue.metricApproximateNumberOfMessagesVisible(options)),
      ...extremes('held', (options) => deliveryQueue.metricApproximateNumberOfMessagesNotVisible(options)),
    },
    HOUR,
  );
}

function extremes(name: string, metric: (options: { statistic: string; period: Duration }) => IMetric) {
  return {
    [`${name}Most`]: metric({ statistic: 'Maximum', period: HOUR }),
    [`${name}Least`]: metric({ statistic: 'Minimum', period: HOUR }),
  };
}
