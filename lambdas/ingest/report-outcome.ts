/** Reports what became of a delivery, once: one log line, which carries its count. */
import type { DivisionOf } from '../domain/telemetry/metrics.ts';
import type { Clock, Log, Metrics } from '../ports.ts';
import type { IngestOutcome } from './accept-delivery.ts';

type RefusalCause = DivisionOf<'DeliveriesRefused'>;
type Refusal = Extract<IngestOutcome, { kind: 'empty' | 'too_large' | 'unsigned' }>;

const UNSIGNED: Readonly<Record<Extract<IngestOutcome, { kind: 'unsigned' }>['cause'], RefusalCause>> = {
  'no signature': 'no_signature',
  'signature malformed': 'signature_malformed',
  'signature wrong': 'signature_wrong',
};

/**
 * Refusals of one environment that have a line of their own, in each second. Anybody can cause
 * them, in numbers.
 */
const REFUSAL_LINES_A_SECOND = 5;
const SECOND_MS = 1_000;

/**
 * Reports the outcomes of one execution environment. Refusals beyond a rate are counted and
 * reported with the first outcome of a later second; only those of an environment that ends
 * meanwhile are lost.
 */
export class OutcomeReporter {
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #unreported = new Map<RefusalCause, number>();
  #secondBeganAtMs = Number.NEGATIVE_INFINITY;
  #linesInSecond = 0;

  constructor({ log, metrics, clock }: { readonly log: Log; readonly metrics: Metrics; readonly clock: Clock }) {
    this.#log = log;
    this.#metrics = metrics;
    this.#clock = clock;
  }

  /**
   * Reports one outcome. A secret that cannot be used is an error: nothing is accepted until it is
   * fixed.
   */
  report(outcome: IngestOutcome, requestId: string): void {
    this.#beginSecond();
    switch (outcome.kind) {
      case 'accepted':
        this.#log.write('info', 'delivery accepted', {
          outcome: 'accepted',
          requestId,
          eventId: outcome.eventId ?? undefined,
          source: outcome.source,
          // Shows when a rotation has finished: nothing more is signed with AWSPREVIOUS.
          secretStage: outcome.secretStage,
        });
        this.#metrics.add('DeliveriesAccepted', 1);
        break;
      case 'empty':
      case 'too_large':
      case 'unsigned':
        this.#reportRefusal(outcome, requestId);
        break;
      case 'secret_unusable':
      case 'not_persisted':
        this.#log.write('error', 'delivery not accepted', { outcome: outcome.kind, requestId, cause: outcome.cause });
        this.#metrics.addBy('DeliveriesRefused', outcome.kind, 1);
        break;
      default:
        outcome satisfies never;
    }
  }

  #beginSecond(): void {
    const nowMs = this.#clock.now();
    // A clock that was set back begins a second too.
    if (Math.abs(nowMs - this.#secondBeganAtMs) < SECOND_MS) return;
    this.#secondBeganAtMs = nowMs;
    this.#linesInSecond = 0;
    for (const [cause, count] of this.#unreported) this.#metrics.addBy('DeliveriesRefused', cause, count);
    this.#unreported.clear();
  }

  #reportRefusal(refusal: Refusal, requestId: string): void {
    const cause = refusal.kind === 'unsigned' ? UNSIGNED[refusal.cause] : refusal.kind;
    if (this.#linesInSecond === REFUSAL_LINES_A_SECOND) {
      this.#unreported.set(cause, (this.#unreported.get(cause) ?? 0) + 1);
      return;
    }
    this.#linesInSecond += 1;
    // The line has the cause already: it is the dimension of its count.
    this.#log.write('warn', 'delivery refused', { outcome: 'refused', requestId });
    this.#metrics.addBy('DeliveriesRefused', cause, 1);
  }
}
