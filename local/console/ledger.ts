/**
 * The ledger of one start of the pipeline: where all accepted messages are. Page, status line and
 * tests read it.
 */
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { MetricsTap } from '../lambda/metrics-tap.ts';
import { countMessages } from '../sqs/embedded-sqs.ts';

/**
 * Messages. At rest the first three add up to the others, but for copies that a killed process has
 * left.
 */
export interface Ledger {
  /** Deliveries answered 202 since the start. */
  readonly accepted: number;
  /** Messages that were in the two queues at the start. */
  readonly before: number;
  /** From the partner event bus, or put into the queue by hand. */
  readonly elsewhere: number;
  readonly applied: number;
  readonly stale: number;
  readonly ignored: number;
  readonly abandoned: number;
  readonly duplicates: number;
  /** In the delivery queue now. */
  readonly waiting: number;
  /** In quarantine now. */
  readonly quarantined: number;
}

/** The sources of a ledger. */
export interface LedgerSources {
  readonly accepted: () => number;
  readonly metrics: Pick<MetricsTap, 'sinceStart'>;
  readonly client: SQSClient;
  readonly deliveryQueueUrl: string;
  readonly quarantineUrl: string;
}

/** Keeps what was in the queues when it was made. Make it before the functions start. */
export class LedgerReader {
  readonly #sources: LedgerSources;
  readonly #before: Promise<number>;

  constructor(sources: LedgerSources) {
    this.#sources = sources;
    this.#before = this.#depths().then(
      ({ waiting, quarantined }) => waiting + quarantined,
      () => 0,
    );
  }

  /** Rejects if a queue does not answer. */
  async read(): Promise<Ledger> {
    const { accepted, metrics } = this.#sources;
    const done = (by: string) => metrics.sinceStart({ metric: 'MessagesDone', by, statistic: 'sum' }) ?? 0;
    const depths = await this.#depths();
    return {
      accepted: accepted(),
      before: await this.#before,
      elsewhere: metrics.sinceStart({ metric: 'MessagesFromElsewhere', statistic: 'sum' }) ?? 0,
      applied: done('applied'),
      stale: done('stale'),
      ignored: done('ignored'),
      abandoned: done('abandoned'),
      duplicates: done('duplicate'),
      ...depths,
    };
  }

  async #depths(): Promise<Pick<Ledger, 'waiting' | 'quarantined'>> {
    const { client, deliveryQueueUrl, quarantineUrl } = this.#sources;
    const [delivery, quarantine] = await Promise.all([
      countMessages(client, deliveryQueueUrl),
      countMessages(client, quarantineUrl),
    ]);
    return {
      waiting: delivery.visible + delivery.inFlight + delivery.delayed,
      quarantined: quarantine.visible + quarantine.inFlight + quarantine.delayed,
    };
  }
}

/**
 * `accepted 3031 = applied 2169 · stale 630 · waiting 6 · quarantined 226`. Leaves out parts that
 * are 0.
 */
export function formatLedger(ledger: Ledger): string {
  const { accepted, before, elsewhere, applied, stale, ignored, abandoned, duplicates, waiting, quarantined } = ledger;
  const sources = [
    `accepted ${accepted}`,
    ...(before === 0 ? [] : [`${before} from before`]),
    ...(elsewhere === 0 ? [] : [`${elsewhere} from elsewhere`]),
  ];
  const parts: readonly (readonly [string, number])[] = [
    ['applied', applied],
    ['stale', stale],
    ['ignored', ignored],
    ['given up', abandoned],
    ['duplicates', duplicates],
    ['waiting', waiting],
    ['quarantined', quarantined],
  ];
  const shown = parts.filter(([name, count]) => count > 0 || name === 'applied');
  return `${sources.join(' + ')} = ${shown.map(([name, count]) => `${name} ${count}`).join(' · ')}`;
}
