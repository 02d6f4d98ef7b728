/**
 * Data of the charts: metrics of the functions, and depths of queues and quarantine, over the last
 * minutes.
 */
import { isRead, type PipelineSnapshot } from '../../lambdas/operations/page-content.ts';
import type { MetricQuery, MetricsTap } from '../lambda/metrics-tap.ts';
import type { Chart, ChartWindow } from './charts.ts';

/** The shortest period of the metrics. */
const PERIOD_MS = 5_000;
const WINDOW_MS = 5 * 60_000;

/** A machine under load looks late; what it saw stands for so long. */
const STILL_TRUE_MS = 3 * PERIOD_MS;

/** Depths at one time. */
interface Held {
  readonly atMs: number;
  readonly waiting: number | undefined;
  readonly quarantined: number | undefined;
}

/** Remembers pictures, and makes charts of them and of the metrics. */
export class LiveHistory {
  readonly #metrics: MetricsTap;
  readonly #held: Held[] = [];
  #outages: ChartWindow['outages'] = [];

  constructor(metrics: MetricsTap) {
    this.#metrics = metrics;
  }

  /** Takes a picture into account. */
  remember({ atMs, deliveryQueue, quarantine, circuitBreaker: circuit }: PipelineSnapshot): void {
    this.#held.push({
      atMs,
      waiting: isRead(deliveryQueue)
        ? deliveryQueue.visible + deliveryQueue.inFlight + deliveryQueue.delayed
        : undefined,
      quarantined: isRead(quarantine) ? quarantine.reduce((total, { count }) => total + count, 0) : undefined,
    });
    while ((this.#held[0]?.atMs ?? atMs) < atMs - WINDOW_MS - PERIOD_MS) this.#held.shift();
    if (!isRead(circuit)) return;
    const now =
      circuit.state === 'OPEN' ? [{ fromMs: circuit.openedAtMs ?? atMs, toMs: Number.POSITIVE_INFINITY }] : [];
    this.#outages = [
      ...circuit.outages.map(({ openedAtMs, closedAtMs }) => ({ fromMs: openedAtMs, toMs: closedAtMs })),
      ...now,
    ];
  }

  /** The charts as they are now. */
  charts(nowMs: number): { readonly charts: readonly Chart[]; readonly window: ChartWindow } {
    const toMs = nowMs - (nowMs % PERIOD_MS);
    const fromMs = toMs - WINDOW_MS;
    const outages = this.#outages
      .filter((outage) => outage.toMs > fromMs)
      .map((outage) => ({ ...outage, toMs: Math.min(outage.toMs, toMs) }));
    return { charts: this.#chartList(fromMs, toMs), window: { fromMs, toMs, outages } };
  }

  #chartList(fromMs: number, toMs: number): Chart[] {
    const perSecond = (query: Omit<MetricQuery, 'statistic'>) =>
      this.#series({ ...query, statistic: 'sum' }).map((value = 0) => value / (PERIOD_MS / 1_000));
    const timed = (metric: 'IngestLatency' | 'EndToEndLatency', statistic: 'p50' | 'p99') =>
      this.#series({ metric, statistic });
    return [
      {
        title: 'Through the pipeline',
        unit: '/s',
        lines: [
          { label: 'accepted', color: 'one', values: perSecond({ metric: 'DeliveriesAccepted' }) },
          { label: 'applied', color: 'two', values: perSecond({ metric: 'MessagesDone', by: 'applied' }) },
        ],
      },
      {
        title: 'On the way',
        unit: '/s',
        lines: [
          { label: 'duplicates dropped', color: 'one', values: perSecond({ metric: 'MessagesDone', by: 'duplicate' }) },
          { label: 'retried', color: 'three', values: perSecond({ metric: 'MessagesRetried' }) },
        ],
      },
      {
        title: 'In the delivery queue',
        unit: '',
        lines: [{ label: 'waiting', color: 'one', values: this.#heldSeries('waiting', fromMs, toMs) }],
      },
      {
        title: 'In quarantine',
        unit: '',
        lines: [{ label: 'events', color: 'three', values: this.#heldSeries('quarantined', fromMs, toMs) }],
      },
      {
        title: 'Answering a delivery',
        unit: ' ms',
        lines: [
          { label: 'p50', color: 'one', values: timed('IngestLatency', 'p50') },
          { label: 'p99', color: 'three', values: timed('IngestLatency', 'p99') },
        ],
      },
      {
        title: 'From receipt to applied',
        unit: ' ms',
        lines: [
          { label: 'p50', color: 'one', values: timed('EndToEndLatency', 'p50') },
          { label: 'p99', color: 'three', values: timed('EndToEndLatency', 'p99') },
        ],
      },
    ];
  }

  /** Without the period under way, which would always show a dip. */
  #series(query: MetricQuery): (number | undefined)[] {
    const points = this.#metrics.series(query, { lastMs: WINDOW_MS + PERIOD_MS, periodMs: PERIOD_MS });
    return points.slice(0, -1).map(({ value }) => value);
  }

  /** The last value held before the end of each period. */
  #heldSeries(what: 'waiting' | 'quarantined', fromMs: number, toMs: number): (number | undefined)[] {
    const values: (number | undefined)[] = [];
    for (let beginMs = fromMs; beginMs < toMs; beginMs += PERIOD_MS) {
      const endMs = beginMs + PERIOD_MS;
      const held = this.#held.findLast(({ atMs }) => atMs < endMs && atMs >= endMs - STILL_TRUE_MS);
      values.push(held?.[what]);
    }
    return values;
  }
}
