/** When the CRM calls of one execution environment say that the CRM as a whole fails. */
import { CircuitState, ConsecutiveBreaker, CountBreaker } from 'cockatiel';
import type { Limits } from '../domain/limits.ts';

/**
 * Judges by the last calls: a share of them failed, or so many in a row. Either way the failures
 * must concern several contacts, since an event that the CRM always answers 500 is no outage.
 */
export class FailureRate {
  readonly #share: CountBreaker;
  readonly #run: ConsecutiveBreaker;
  readonly #limits: Limits;
  /** The last calls: the contact if the call failed, undefined if it succeeded. */
  #failed: (string | undefined)[] = [];

  constructor(limits: Limits) {
    const { circuitWindow, circuitCallsMin, circuitFailurePercent, circuitFailuresInARow } = limits;
    this.#limits = limits;
    this.#run = new ConsecutiveBreaker(circuitFailuresInARow);
    this.#share = new CountBreaker({
      // cockatiel opens above its threshold, this circuit breaker from it on.
      threshold: circuitFailurePercent / 100 - 1e-9,
      size: circuitWindow,
      minimumNumberOfCalls: circuitCallsMin,
    });
  }

  success(): void {
    this.#run.success();
    this.#share.success(CircuitState.Closed);
    this.#remember(undefined);
  }

  /** True if the CRM counts as down, this failure included. */
  failure(contact: string): boolean {
    const inARow = this.#run.failure();
    const inShare = this.#share.failure(CircuitState.Closed);
    this.#remember(contact);
    const contacts = new Set(this.#failed);
    contacts.delete(undefined);
    return (inARow || inShare) && contacts.size >= this.#limits.circuitContactsMin;
  }

  #remember(failed: string | undefined): void {
    this.#failed = [...this.#failed, failed].slice(-this.#limits.circuitWindow);
  }
}
