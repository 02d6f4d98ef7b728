/**
 * The circuit's row in memory; the contract tests hold it to the answers of the DynamoDB adapter.
 */
import {
  type CircuitBreakerRow,
  isSameCircuitBreaker,
  type StoredCircuitBreaker,
} from '../../../lambdas/domain/crm/circuit-breaker.ts';
import type { CircuitBreakerStore, CircuitBreakerWriteResult, Unavailable } from '../../../lambdas/ports.ts';

/**
 * The row. The `…Now` methods are what the port does, at one instant: a scheduler may decide when
 * that is.
 */
export class MemoryCircuitBreakerStore implements CircuitBreakerStore {
  stored: StoredCircuitBreaker | undefined;

  async read(): ReturnType<CircuitBreakerStore['read']> {
    return this.readNow();
  }

  async write(expected: StoredCircuitBreaker | undefined, next: CircuitBreakerRow): Promise<CircuitBreakerWriteResult> {
    return this.writeNow(expected, next);
  }

  /** The row as it is. */
  readNow(): Exclude<Awaited<ReturnType<CircuitBreakerStore['read']>>, Unavailable> {
    return this.stored === undefined ? { kind: 'absent' } : { kind: 'stored', stored: this.stored };
  }

  /** Compare-and-swap, at this instant. */
  writeNow(
    expected: StoredCircuitBreaker | undefined,
    next: CircuitBreakerRow,
  ): Exclude<CircuitBreakerWriteResult, Unavailable> {
    if (!isSameCircuitBreaker(this.stored, expected)) {
      return isSameCircuitBreaker(this.stored, { ...next })
        ? { kind: 'written' }
        : { kind: 'differs', stored: this.stored };
    }
    this.stored = { ...next };
    return { kind: 'written' };
  }
}
