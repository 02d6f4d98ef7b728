/**
 * The metrics that alarms and dashboard are made of: the pipeline's own by its table, and those of
 * the services.
 */
import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import {
  type DividedMetric,
  type DivisionOf,
  METRICS,
  type MetricName,
} from '../../lambdas/domain/telemetry/metrics.ts';

/** The metrics of one stack's functions. */
export class PipelineMetrics {
  readonly #namespace: string;

  /** `namespace` is what the functions are given. */
  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /**
   * A metric in total. Counts are summed up, unless another statistic is asked for; times need one.
   */
  total(name: MetricName, options: MetricOptions = {}): Metric {
    return new Metric({
      namespace: this.#namespace,
      metricName: name,
      dimensionsMap: { service: METRICS[name].service },
      period: Duration.minutes(1),
      label: name,
      ...(METRICS[name].unit === 'Count' ? { statistic: 'Sum' } : {}),
      ...options,
    });
  }

  /** The part of a metric under one value of its dimension. */
  part<Name extends DividedMetric>(name: Name, by: DivisionOf<Name>, options: MetricOptions = {}): Metric {
    const { service, dimension } = METRICS[name];
    return this.total(name, {
      dimensionsMap: { service, [dimension.name]: by },
      label: String(by).replaceAll('_', ' '),
      ...options,
    });
  }

  /** All parts of a metric, in the order of its table. */
  parts<Name extends DividedMetric>(name: Name, options: MetricOptions = {}): Metric[] {
    const values: readonly DivisionOf<Name>[] = METRICS[name].dimension.values;
    return values.map((by) => this.part(name, by, options));
  }
}

/** A formula of CloudWatch's metric math, and what it is called. */
export function formula(
  label: string,
  expression: string,
  usingMetrics: Record<string, IMetric>,
  period = Duration.minutes(1),
): MathExpression {
  return new MathExpression({ label, expression, usingMetrics, period });
}
