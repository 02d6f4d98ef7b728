/**
 * Checks the calls that pass an open circuit breaker: one probe at a time, and no other call by
 * an invocation that saw it open.
 */
import { CLOSED_CIRCUIT_BREAKER } from '../../../lambdas/domain/crm/circuit-breaker.ts';
import type { MemoryCircuitBreakerStore } from '../../harness/fakes/circuit-store.memory.ts';
import type { Invocation } from './invocations.ts';

/** Watches all environments, and puts down what is wrong. */
export class Probes {
  readonly #circuit: MemoryCircuitBreakerStore;
  readonly #problems: string[];
  /** Invocations with a probe in flight. */
  readonly #underWay = new Set<Invocation>();
  /** Invocations that read an open circuit breaker, with its version. */
  readonly #sawOpen = new Map<Invocation, number>();

  constructor(circuit: MemoryCircuitBreakerStore, problems: string[]) {
    this.#circuit = circuit;
    this.#problems = problems;
  }

  /** An invocation reads the circuit as it is now. */
  sees(invocation: Invocation): void {
    const { state, version } = this.#now();
    if (state === 'OPEN') this.#sawOpen.set(invocation, version);
    else this.#sawOpen.delete(invocation);
  }

  /** An invocation has won a probe, and is about to call. */
  begin(invocation: Invocation): void {
    for (const other of this.#underWay) {
      if (other.state === 'running') this.#problems.push(`${invocation.name} probes while ${other.name} does`);
    }
    this.#underWay.add(invocation);
  }

  /** An invocation calls the CRM. */
  calls(invocation: Invocation): void {
    const { state, version } = this.#now();
    const saw = this.#sawOpen.get(invocation);
    if (state === 'OPEN' && saw === version && !this.#underWay.has(invocation))
      this.#problems.push(`${invocation.name} calls the CRM although it found the circuit open, and is no probe`);
  }

  /** An invocation's call is over. */
  end(invocation: Invocation): void {
    this.#underWay.delete(invocation);
  }

  #now(): { readonly state: unknown; readonly version: number } {
    const { state, version } = this.#circuit.stored ?? CLOSED_CIRCUIT_BREAKER;
    return { state, version: Number(version) };
  }
}
