/** The places at which the code under test can be spoiled from outside. */
import type { ReceivedMessage } from '../../../lambdas/domain/delivery/envelope.ts';
import type { Limits } from '../../../lambdas/domain/limits.ts';
import type { IngestDependencies } from '../../../lambdas/ingest/accept-delivery.ts';
import type { CrmTransport } from '../../../lambdas/ports.ts';
import type { BatchOutcome, ProcessorDependencies } from '../../../lambdas/processor/process-batch.ts';
import type { RedriveDependencies } from '../../../lambdas/redrive/handle-request.ts';
import type { ContactRules, MemoryIdempotencyStore } from '../../harness/fakes/idempotency-store.memory.ts';

/** Mutations; none for the code as it ships. */
export interface Mutation {
  readonly rules?: ContactRules;
  readonly limits?: (limits: Limits) => Limits;
  /** Changes what the table does at one instant. */
  readonly store?: (store: MemoryIdempotencyStore) => void;
  /** Instead of the world's own. */
  readonly clockOffsetsMs?: readonly number[];
  readonly processor?: (deps: ProcessorDependencies, store: MemoryIdempotencyStore) => ProcessorDependencies;
  /** The network between the adapter and the CRM. */
  readonly transport?: (transport: CrmTransport) => CrmTransport;
  /** A message as the processor receives it. */
  readonly received?: (message: ReceivedMessage) => ReceivedMessage;
  readonly ingest?: (deps: IngestDependencies) => IngestDependencies;
  readonly redrive?: (deps: RedriveDependencies) => RedriveDependencies;
  readonly result?: (result: BatchOutcome) => BatchOutcome;
}
