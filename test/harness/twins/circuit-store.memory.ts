/** The circuit's row in memory; the contract tests hold it to the answers of the DynamoDB adapter. */
import { type CircuitRow, isSameCircuit, type StoredCircuit } from '../../../lambdas/domain/circuit.ts';
import type { CircuitStore, CircuitWriteResult, Unavailable } from '../../../lambdas/ports.ts';

/** The row. The `…Now` methods are what the port does, at one instant: a scheduler may decide when that is. */
export class MemoryCircuitStore implements CircuitStore {
  stored: StoredCircuit | undefined;

  async read(): ReturnType<CircuitStore['read']> {
    return this.readNow();
  }

  async write(expected: StoredCircuit | undefined, next: CircuitRow): Promise<CircuitWriteResult> {
    return this.writeNow(expected, next);
  }

  /** The row as it is. */
  readNow(): Exclude<Awaited<ReturnType<CircuitStore['read']>>, Unavailable> {
    return this.stored === undefined ? { kind: 'absent' } : { kind: 'stored', stored: this.stored };
  }

  /** Compare-and-swap, at this instant. */
  writeNow(expected: StoredCircuit | undefined, next: CircuitRow): Exclude<CircuitWriteResult, Unavailable> {
    if (!isSameCircuit(this.stored, expected)) {
      return isSameCircuit(this.stored, { ...next }) ? { kind: 'written' } : { kind: 'differs', stored: this.stored };
    }
    this.stored = { ...next };
    return { kind: 'written' };
  }
}
