/**
 * Lambda's side of the delivery queue: invokes the processor with batches, and deletes what it does
 * not give back.
 */
import { type BatchOutcome, processBatch } from '../../../lambdas/processor/process-batch.ts';
import type { QueuedMessage, Received } from '../../harness/fakes/message-queue.memory.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { Action } from './actions.ts';
import type { CrmCallOptions } from './crm-calls.ts';
import { type Environment, Environments, type EnvironmentsOptions } from './environments.ts';
import type { Invocation } from './invocations.ts';
import { processorPorts } from './ports.ts';
import type { Scene } from './scene.ts';

/** Settings of the pollers. */
export interface PollerOptions extends EnvironmentsOptions, Omit<CrmCallOptions, 'clock' | 'token' | 'spoilTransport'> {
  /** Invocations of the processor that may be made. */
  readonly invocations: number;
  /** Numbers of messages that an invocation may bring. */
  readonly batchSizes: readonly number[];
  /** In [0, 1): the dice of the processor. */
  readonly fraction: () => number;
}

/** The pollers of all environments. */
export class Poller {
  invocationsLeft: number;
  readonly #scene: Scene;
  readonly #options: PollerOptions;
  readonly #mutation: Mutation;
  readonly #deleted: QueuedMessage[] = [];
  readonly #environments: Environments;

  constructor(scene: Scene, options: PollerOptions, mutation: Mutation) {
    this.#scene = scene;
    this.#options = options;
    this.#mutation = mutation;
    this.invocationsLeft = options.invocations;
    const clockOffsetsMs = mutation.clockOffsetsMs ?? options.clockOffsetsMs;
    this.#environments = new Environments(scene, { clockOffsetsMs, coldStarts: options.coldStarts });
  }

  /** All environments forget. None may be at work. */
  replaceEnvironments(): void {
    this.#environments.replaceAll();
  }

  /** Receives that can be made now, and what SQS may do of itself. */
  actions(): Action[] {
    const { queue } = this.#scene;
    const back = this.#deleted.map(
      (message): Action => ({
        name: `${this.#scene.nameOf(message)} comes once more, though it was deleted`,
        kind: 'came_back',
        act: () => queue.resurrect(message),
      }),
    );
    if (this.invocationsLeft <= 0) return back;
    const free = this.#environments.free();
    return free === undefined ? back : [...this.#receives(free), ...back];
  }

  #receives(environment: Environment): Action[] {
    const { queue } = this.#scene;
    const { batchSizes } = this.#options;
    const visible = queue.visible();
    const singles = batchSizes.includes(1) ? visible.map((id) => [id]) : [];
    const batches = batchSizes.filter((size) => size > 1 && visible.length > 1).map((size) => visible.slice(0, size));
    const early = [...queue.messages.keys()].filter((id) => !visible.includes(id));
    return [
      ...[...batches, ...singles].map(
        (ids): Action => ({
          name: `${this.#named(ids)} received`,
          kind: 'begins',
          act: () => this.#receive(ids, environment),
        }),
      ),
      ...early.map(
        (id): Action => ({
          name: `${this.#named([id])} received although in flight`,
          kind: 'received_twice',
          act: () => {
            queue.redeliver(id);
            this.#receive([id], environment);
          },
        }),
      ),
    ];
  }

  #named(messageIds: readonly string[]): string {
    return messageIds.map((id) => this.#scene.nameOf(this.#scene.queue.messages.get(id))).join(', ');
  }

  #receive(messageIds: readonly string[], environment: Environment): void {
    this.invocationsLeft -= 1;
    const { limits, store, problems } = this.#scene;
    // Named before it is received: what has come too often is then elsewhere.
    const name = this.#named(messageIds);
    const received = this.#scene.queue.receiveThese(messageIds);
    this.#countFaults(messageIds, received);
    if (received.length === 0) return;
    const invocation = this.#scene.begin('processor', name, limits.processorFunctionTimeoutMs);
    environment.invocation = invocation;
    const { clock, circuitBreaker: circuit, settledEvents, sentCopies, token } = environment;
    const { crmWays, crmRequests, fraction } = this.#options;
    const ports = processorPorts(this.#scene, invocation, {
      clock,
      circuitBreaker: circuit,
      settledEvents,
      sentCopies,
      fraction,
      token,
      crmWays,
      crmRequests,
      ...(this.#mutation.transport === undefined ? {} : { spoilTransport: this.#mutation.transport }),
      redriven: this.#redrivenIn(received),
    });
    const deps = this.#mutation.processor?.(ports, store) ?? ports;
    const endsAtMs = clock.now() + limits.processorFunctionTimeoutMs;
    const spoil = this.#mutation.received ?? ((message) => message);
    const records = received.map((one) => ({ ...one, message: spoil(one.message) }));
    processBatch(records, endsAtMs, deps)
      .then((result) => this.#acknowledge(invocation, received, this.#mutation.result?.(result) ?? result))
      .catch((error: unknown) => problems.push(`${invocation.name}: the processor threw ${String(error)}`));
  }

  #redrivenIn(received: readonly Received[]): Set<string> {
    const redriven = received.filter(({ message }) => message.attributes.quarantine !== undefined);
    return new Set(redriven.map(({ message }) => this.#scene.nameOfEnvelope(message)));
  }

  #countFaults(messageIds: readonly string[], received: readonly Received[]): void {
    if (received.length < messageIds.length) this.#scene.meet('dead_lettered');
    const timedOut = received.some(
      ({ message: { messageId, receiveCount } }) =>
        receiveCount > 1 && !this.#scene.sentBack.has(`${messageId}@${receiveCount - 1}`),
    );
    if (timedOut) this.#scene.meet('visibility_ended');
  }

  async #acknowledge(invocation: Invocation, received: readonly Received[], { retryIds }: BatchOutcome): Promise<void> {
    const done = received.filter(({ message }) => !retryIds.includes(message.messageId));
    if (done.length > 0 && invocation.state === 'running') {
      const remove = () => {
        this.#delete(done);
        return { answer: null };
      };
      // The function has ended: the rest is Lambda's.
      invocation.endsByMs = Number.POSITIVE_INFINITY;
      await invocation.park({
        name: 'acknowledgement',
        touches: 'own message',
        answeredByMs: this.#scene.clock.now() + this.#scene.limits.storeBudgetMs,
        ways: [
          { name: 'done', happen: remove },
          { name: 'not done', fault: 'throttled', happen: () => ({ answer: null }) },
        ],
      });
    }
    if (invocation.state === 'running') invocation.end();
  }

  #delete(done: readonly Received[]): void {
    const { queue } = this.#scene;
    for (const { receiptHandle, message } of done) {
      const queued = queue.messages.get(message.messageId);
      if (queued !== undefined && queue.deleteNow(receiptHandle)) this.#deleted.push(queued);
    }
  }
}
