/**
 * Message move tasks for the embedded SQS server, which has none: what the SQS console's “Start DLQ
 * redrive” and `aws sqs start-message-move-task` call. Tasks are not remembered over a restart, and
 * neither is which queue SQS had moved a message from; a task that such a message has to be moved
 * back by fails as on AWS.
 */
import { randomUUID } from 'node:crypto';

/** A message as the server keeps it. */
export interface StoredMessage {
  readonly messageId: string;
  readonly body: string;
  readonly messageAttributes: object;
  /** Ours: the queue that SQS has moved the message from. */
  deadLetterSourceArn?: string;
}

/** A queue of the server. */
export interface StoredQueue {
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The visible ones. */
  readonly messages: StoredMessage[];
  readonly persistence?: { deleteMessage(messageId: string): void };
  enqueue(message: StoredMessage): void;
  processTimers(): void;
}

/** The server's queues. */
export interface QueueStore {
  allQueues(): Iterable<StoredQueue>;
  getQueueByArn(arn: string): StoredQueue | undefined;
}

/** Response of the server. */
export interface ServerParts {
  readonly newMessage: (body: string, messageAttributes: object) => StoredMessage;
  /** An error that the server answers with `code`. */
  readonly refusal: (code: string, message: string) => Error;
}

interface Task {
  readonly handle: string;
  readonly source: StoredQueue;
  readonly destination: StoredQueue | undefined;
  readonly perSecond: number | undefined;
  readonly startedAtMs: number;
  readonly toMove: number;
  moved: number;
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED';
  failureReason?: string;
}

type Input = Readonly<Record<string, unknown>>;

const TICK_MS = 100;
/** Without a rate: as many a tick as make SQS's 500 a second. */
const MOVES_A_TICK_MAX = 50;
const RATE_MAX = 500;
/** ListMessageMoveTasks answers with no more. */
const LISTED_MAX = 10;

/** All tasks of a server. */
export class MessageMoveTasks {
  readonly #parts: ServerParts;
  /** Newest first. */
  readonly #tasks: Task[] = [];

  constructor(parts: ServerParts) {
    this.#parts = parts;
  }

  /** The actions by name, as the server's router takes them. */
  get actions(): Readonly<Record<string, (input: Input, store: QueueStore) => object>> {
    return {
      StartMessageMoveTask: (input, store) => this.#start(input, store),
      ListMessageMoveTasks: (input, store) => this.#list(input, store),
      CancelMessageMoveTask: (input) => this.#cancel(input),
    };
  }

  #start(input: Input, store: QueueStore): object {
    const source = this.#queue(store, 'SourceArn', input.SourceArn);
    if (!isDeadLetterQueue(store, source)) {
      throw this.#invalid('SourceArn', 'Source queue must be configured as a Dead Letter Queue.');
    }
    const destination =
      input.DestinationArn === undefined ? undefined : this.#queue(store, 'DestinationArn', input.DestinationArn);
    if (destination === source) throw this.#invalid('DestinationArn', 'Source and destination must differ.');
    if (this.#tasks.some((task) => task.source === source && task.status === 'RUNNING')) {
      throw this.#invalid('SourceArn', 'There is already a task running for it.');
    }
    source.processTimers();
    const task: Task = {
      handle: randomUUID(),
      source,
      destination,
      perSecond: this.#rate(input.MaxNumberOfMessagesPerSecond),
      startedAtMs: Date.now(),
      toMove: source.messages.length,
      moved: 0,
      status: 'RUNNING',
    };
    this.#tasks.unshift(task);
    this.#work(task, store);
    return { TaskHandle: task.handle };
  }

  #list(input: Input, store: QueueStore): object {
    const source = this.#queue(store, 'SourceArn', input.SourceArn);
    const wanted = Math.min(LISTED_MAX, Math.max(1, Number(input.MaxResults ?? 1)));
    const tasks = this.#tasks.filter((task) => task.source === source).slice(0, wanted);
    return { Results: tasks.map(describeTask) };
  }

  #cancel(input: Input): object {
    const task = this.#tasks.find(({ handle, status }) => handle === input.TaskHandle && status === 'RUNNING');
    if (task === undefined) {
      throw this.#parts.refusal('ResourceNotFoundException', 'There is no running task with this handle.');
    }
    task.status = 'CANCELLED';
    return { ApproximateNumberOfMessagesMoved: task.moved };
  }

  /** Moves some now, and the rest tick by tick, until there is nothing visible left. */
  #work(task: Task, store: QueueStore): void {
    task.source.processTimers();
    const atOnce = Math.min(MOVES_A_TICK_MAX, Math.ceil(((task.perSecond ?? RATE_MAX) * TICK_MS) / 1_000));
    for (let count = 0; count < atOnce && task.status === 'RUNNING'; count += 1) this.#moveOne(task, store);
    if (task.status !== 'RUNNING') return;
    if (task.source.messages.length === 0) task.status = 'COMPLETED';
    else setTimeout(() => this.#work(task, store), tickMs(task)).unref();
  }

  #moveOne(task: Task, store: QueueStore): void {
    const [message] = task.source.messages;
    if (message === undefined) return;
    const origin = store.getQueueByArn(message.deadLetterSourceArn ?? '');
    const destination = task.destination ?? origin;
    if (destination === undefined) {
      task.status = 'FAILED';
      task.failureReason = 'CouldNotDetermineMessageSource';
      return;
    }
    // There before it is gone here: a kill in between leaves it twice.
    destination.enqueue(this.#parts.newMessage(message.body, message.messageAttributes));
    task.source.messages.shift();
    task.source.persistence?.deleteMessage(message.messageId);
    task.moved += 1;
  }

  #queue(store: QueueStore, parameter: string, arn: unknown): StoredQueue {
    if (typeof arn !== 'string')
      throw this.#parts.refusal('MissingParameter', `The request must contain ${parameter}.`);
    const queue = store.getQueueByArn(arn);
    if (queue === undefined) {
      throw this.#parts.refusal('ResourceNotFoundException', `The queue of ${parameter} does not exist.`);
    }
    return queue;
  }

  #rate(given: unknown): number | undefined {
    if (given === undefined) return undefined;
    const rate = Number(given);
    if (!Number.isInteger(rate) || rate < 1 || rate > RATE_MAX) {
      throw this.#invalid('MaxNumberOfMessagesPerSecond', `Must be from 1 to ${RATE_MAX}.`);
    }
    return rate;
  }

  #invalid(parameter: string, reason: string): Error {
    return this.#parts.refusal(
      'InvalidParameterValue',
      `Value for parameter ${parameter} is invalid. Reason: ${reason}`,
    );
  }
}

/** A slow rate is kept by longer ticks of one message. */
function tickMs({ perSecond = RATE_MAX }: Task): number {
  return Math.max(TICK_MS, 1_000 / perSecond);
}

function isDeadLetterQueue(store: QueueStore, queue: StoredQueue): boolean {
  return [...store.allQueues()].some(({ attributes }) => {
    const { deadLetterTargetArn } = JSON.parse(attributes.RedrivePolicy ?? '{}') as { deadLetterTargetArn?: string };
    return deadLetterTargetArn === queue.arn;
  });
}

function describeTask(task: Task): object {
  return {
    // SQS names the handle of a running task only.
    ...(task.status === 'RUNNING' ? { TaskHandle: task.handle } : {}),
    Status: task.status,
    SourceArn: task.source.arn,
    ...(task.destination === undefined ? {} : { DestinationArn: task.destination.arn }),
    ...(task.perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
    StartedTimestamp: task.startedAtMs,
  };
}
