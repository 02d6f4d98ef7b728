/**
 * Corrects differences between the embedded SQS server and SQS, inside its process. It is pinned to
 * one version in package.json; a new version has to be looked at again, and what is not found here
 * any more is refused at start rather than left uncorrected.
 */
import { Server } from 'node:net';
import { LOOPBACK } from '../http/loopback.ts';
import { MessageMoveTasks, type QueueStore, type StoredMessage } from './message-move-tasks.ts';

interface Persistence {
  readonly db: { exec(sql: string): void; prepare(sql: string): { run(...values: unknown[]): void } };
  loadSqsAndSns(...stores: unknown[]): void;
  updateMessageReady(messageId: string): void;
}

interface SqsStore {
  buildQueueUrl(name: string, port: string): string;
}

interface SqsQueue {
  readonly arn: string;
  processTimers(): void;
  getAllAttributes(requested: readonly string[]): object;
  dequeue(maxCount: number, visibilityTimeout: number | undefined, findDeadLetterQueue?: FindQueue): unknown;
}

type FindQueue = (arn: string) => { enqueue(message: StoredMessage): void } | undefined;

interface SqsRouter {
  readonly handlers: Map<string, unknown>;
  handle(...args: unknown[]): Promise<unknown>;
}

interface SqsModules {
  readonly SqsStore: {
    readonly prototype: SqsStore;
    createMessage(body: string, messageAttributes: object): StoredMessage;
  };
  readonly SqsQueue: { readonly prototype: SqsQueue };
}

/**
 * Makes every server of this process listen on 127.0.0.1, whatever it asks for: this one asks for
 * 0.0.0.0.
 */
export function keepToLoopback(): void {
  const listen = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server;
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    const [options, ...rest] = args;
    if (typeof options !== 'object' || options === null) throw new Error('listens in a way that is not known');
    return listen.call(this, { ...options, host: LOOPBACK }, ...rest);
  };
}

/** Corrects the server's own modules. Must run before it starts. */
export async function patchEmbeddedSqs(): Promise<void> {
  const { PersistenceManager } = await importInternal<{ PersistenceManager: { prototype: Persistence } }>(
    'persistence.js',
  );
  const { SqsStore, SqsQueue } = await importInternal<SqsModules>('sqs/sqsStore.js');
  const { SqsRouter } = await importInternal<{ SqsRouter: { prototype: SqsRouter } }>('sqs/sqsRouter.js');
  const { SqsError } = await importInternal<{ SqsError: new (code: string, message: string) => Error }>(
    'common/errors.js',
  );
  const { INVALID_MESSAGE_BODY_CHAR } = await importInternal<{ INVALID_MESSAGE_BODY_CHAR: RegExp }>('sqs/sqsTypes.js');
  syncLessOften(PersistenceManager.prototype);
  keepCountsWhenVisible(PersistenceManager.prototype);
  allowAstralCharacters(INVALID_MESSAGE_BODY_CHAR);
  makeQueueUrlsResolvable(SqsStore.prototype);
  rememberWhereFrom(SqsQueue.prototype);
  countWhatIsVisibleAgain(SqsQueue.prototype);
  const tasks = new MessageMoveTasks({
    newMessage: (body, attributes) => SqsStore.createMessage(body, attributes),
    refusal: (code, message) => new SqsError(code, message),
  });
  addActions(SqsRouter.prototype, tasks.actions);
}

async function importInternal<Module>(path: string): Promise<Module> {
  // By its URL: the package exports its entry point only.
  return (await import(new URL(path, import.meta.resolve('fauxqs')).href)) as Module;
}

/**
 * A killed process loses nothing either way; only a power failure would, and that is not worth an
 * fsync a message.
 */
function syncLessOften(persistence: Persistence): void {
  const load = persistence.loadSqsAndSns;
  persistence.loadSqsAndSns = function (this: Persistence, ...stores: unknown[]): void {
    this.db.exec('PRAGMA synchronous = NORMAL');
    load.apply(this, stores);
  };
}

/**
 * Visibility 0 wrote a receive count of NULL, which its schema refuses, and the message was gone
 * until a restart.
 */
function keepCountsWhenVisible(persistence: Persistence): void {
  if (typeof persistence.updateMessageReady !== 'function') throw new Error('updateMessageReady is not there');
  persistence.updateMessageReady = function (this: Persistence, messageId: string): void {
    this.db
      .prepare('UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?')
      .run(messageId);
  };
}

/** Characters above U+FFFF (emoji, for one) are allowed by SQS, and were refused. */
function allowAstralCharacters(refused: RegExp): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what is looked for
  const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/u;
  refused.test = (text: string) => forbidden.test(text);
}

/**
 * Queue URLs named a host that does not resolve, and the SDK sends to the host of the queue URL.
 */
function makeQueueUrlsResolvable(store: SqsStore): void {
  store.buildQueueUrl = (name, port) => queueUrl(`http://${LOOPBACK}:${port}`, name);
}

/**
 * A message that SQS has moved to a dead-letter queue can be moved back to where it was; one that
 * was sent there cannot.
 */
function rememberWhereFrom(queue: SqsQueue): void {
  const dequeue = queue.dequeue;
  queue.dequeue = function (this: SqsQueue, maxCount, visibilityTimeout, findDeadLetterQueue) {
    const find: FindQueue = (arn) => {
      const found = findDeadLetterQueue?.(arn);
      if (found === undefined) return undefined;
      return {
        enqueue: (message) => {
          message.deadLetterSourceArn = this.arn;
          found.enqueue(message);
        },
      };
    };
    return dequeue.call(this, maxCount, visibilityTimeout, find);
  };
}

/**
 * A message whose visibility timeout had passed was counted as in flight until the next receive
 * from the queue.
 */
function countWhatIsVisibleAgain(queue: SqsQueue): void {
  const getAllAttributes = queue.getAllAttributes;
  queue.getAllAttributes = function (this: SqsQueue, requested) {
    this.processTimers();
    return getAllAttributes.call(this, requested);
  };
}

/** Actions that the server does not have. */
function addActions(
  router: SqsRouter,
  actions: Readonly<Record<string, (input: never, store: QueueStore) => object>>,
): void {
  const handle = router.handle;
  router.handle = function (this: SqsRouter, ...args) {
    for (const [name, action] of Object.entries(actions)) this.handlers.set(name, action);
    return handle.apply(this, args);
  };
}

/** The URL of a queue of the embedded server. */
export function queueUrl(endpoint: string, name: string): string {
  return `${endpoint}/000000000000/${name}`;
}
