/** A line every few seconds on what the pipeline has done, when it has done something. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import { printNow } from '../cli/terminal.ts';
import { countMessages } from './sqs/embedded-sqs.ts';

const EVERY_MS = 5_000;

/** What the line is made from. */
export interface StatusSources {
  readonly accepted: () => number;
  /** How many calls the sample CRM has applied; undefined with another CRM. */
  readonly applied: () => Promise<number | undefined>;
  readonly client: SQSClient;
  readonly deliveryQueueUrl: string;
  readonly quarantineUrl: string;
}

/** Prints until it is stopped. */
export class StatusLine {
  readonly #sources: StatusSources;
  readonly #timer: NodeJS.Timeout;
  #last: string | undefined;

  constructor(sources: StatusSources) {
    this.#sources = sources;
    // Beginning with what is, so that only a change is printed.
    void this.#line().then((line) => {
      this.#last = line;
    });
    this.#timer = setInterval(() => void this.#print(), EVERY_MS);
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #print(): Promise<void> {
    const line = await this.#line();
    if (line === undefined || line === this.#last) return;
    this.#last = line;
    printNow(line);
  }

  async #line(): Promise<string | undefined> {
    const { accepted, applied, client, deliveryQueueUrl, quarantineUrl } = this.#sources;
    try {
      const [delivery, quarantine, appliedCalls] = await Promise.all([
        countMessages(client, deliveryQueueUrl),
        countMessages(client, quarantineUrl),
        applied(),
      ]);
      const waiting = delivery.visible + delivery.inFlight + delivery.delayed;
      const quarantined = quarantine.visible + quarantine.inFlight + quarantine.delayed;
      const inCrm = appliedCalls === undefined ? '' : `applied ${appliedCalls} · `;
      return `accepted ${accepted()} · ${inCrm}waiting ${waiting} · quarantined ${quarantined}`;
    } catch {
      // A server that does not answer has its own message.
      return undefined;
    }
  }
}
