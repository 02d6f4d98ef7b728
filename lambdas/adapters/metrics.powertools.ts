/** Metrics in CloudWatch's embedded metric format, by Powertools: a line of the log from which CloudWatch makes them. */
import { Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import type { EmfOutput } from '@aws-lambda-powertools/metrics/types';
import { fitForLog, type LogDetails } from '../domain/log-text.ts';
import {
  type DividedMetric,
  type DivisionOf,
  METRICS,
  type MetricName,
  type PlainMetric,
  type Service,
} from '../domain/metrics.ts';
import type { Metrics } from '../ports.ts';

/** What is recorded of an invocation: by metric, its values; counts have one, their sum. */
type Recorded = Map<MetricName, number[]>;

/** A dimension of a metric and its value; none for totals. */
type Dimension = Readonly<Record<string, string>>;

/** Keeps what is recorded until it is published: a line for the totals, and one for each value of a dimension. */
export class EmfMetrics implements Metrics {
  readonly #forms: LineForms;
  readonly #totals: Recorded = new Map();
  /** By a dimension's name and value. */
  readonly #divisions = new Map<string, { readonly dimension: Dimension; readonly recorded: Recorded }>();
  #said: LogDetails | undefined;

  /** `namespace` keeps the metrics of one stack apart from another's. */
  constructor(service: Service, namespace: string) {
    this.#forms = new LineForms(service, namespace);
  }

  add(name: PlainMetric, value: number): void {
    record(this.#totals, name, value);
  }

  addBy<Name extends DividedMetric>(name: Name, by: DivisionOf<Name>, value: number): void {
    const dimensionName = METRICS[name].dimension.name;
    const key = `${dimensionName} ${by}`;
    let division = this.#divisions.get(key);
    if (division === undefined) {
      division = { dimension: { [dimensionName]: by }, recorded: new Map() };
      this.#divisions.set(key, division);
    }
    record(division.recorded, name, value);
    record(this.#totals, name, value);
  }

  /**
   * Lets the line of the totals be a log line as well, with the same members as any other: what an invocation did, and
   * how long it took, found together. Once between two calls of `publish`; false where that is used up.
   */
  say(message: string, details: LogDetails): boolean {
    if (this.#said !== undefined) return false;
    const xray_trace_id = /Root=([^;]+)/.exec(process.env._X_AMZN_TRACE_ID ?? '')?.[1];
    const timestamp = new Date().toISOString();
    this.#said = { timestamp, level: 'INFO', message, ...fitForLog(details), xray_trace_id };
    return true;
  }

  /** Writes what was recorded since the last time; nothing, where nothing was. */
  publish(): void {
    this.#publish({}, this.#totals, this.#said);
    for (const { dimension, recorded } of this.#divisions.values()) this.#publish(dimension, recorded);
    this.#divisions.clear();
    this.#said = undefined;
  }

  #publish(dimension: Dimension, recorded: Recorded, said: LogDetails = {}): void {
    if (recorded.size === 0) return;
    const { metrics, members } = this.#forms.of(dimension, [...recorded.keys()].sort());
    const line: Record<string, unknown> = {
      _aws: { Timestamp: Date.now(), CloudWatchMetrics: metrics },
      ...said,
      ...members,
    };
    for (const [name, values] of recorded) line[name] = values.length === 1 ? values[0] : values;
    // Not by the console, which Lambda wraps into a line of its own.
    process.stdout.write(`${JSON.stringify(line)}\n`);
    recorded.clear();
  }
}

/** What lines of the same metrics have in common. */
interface LineForm {
  readonly metrics: EmfOutput['_aws']['CloudWatchMetrics'];
  /** The dimensions' values. */
  readonly members: Readonly<Record<string, unknown>>;
}

/**
 * The form of a line, as Powertools writes and checks it, asked for once for the same metrics: an environment publishes
 * the same few again and again, and to have each line put together and checked anew took a fifth of a delivery's time.
 */
class LineForms {
  readonly #service: Service;
  readonly #namespace: string;
  readonly #known = new Map<string, LineForm>();

  constructor(service: Service, namespace: string) {
    this.#service = service;
    this.#namespace = namespace;
  }

  of(dimension: Dimension, names: readonly MetricName[]): LineForm {
    const key = JSON.stringify([dimension, names]);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const emf = new PowertoolsMetrics({ serviceName: this.#service, namespace: this.#namespace });
    if (Object.keys(dimension).length > 0) emf.addDimensions(dimension);
    for (const name of names) emf.addMetric(name, METRICS[name].unit, 0);
    const { _aws, ...members } = emf.serializeMetrics();
    const values = new Set<string>(names);
    const form = {
      metrics: _aws.CloudWatchMetrics,
      members: Object.fromEntries(Object.entries(members).filter(([name]) => !values.has(name))),
    };
    this.#known.set(key, form);
    return form;
  }
}

function record(recorded: Recorded, name: MetricName, value: number): void {
  const values = recorded.get(name);
  const isCount = METRICS[name].unit === 'Count';
  const recordedValue = isCount ? value : Math.round(value * 100) / 100;
  if (values === undefined) recorded.set(name, [recordedValue]);
  else if (isCount) values[0] = (values[0] ?? 0) + value;
  else values.push(recordedValue);
}
