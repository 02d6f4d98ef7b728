/**
 * One execution environment: a process that holds a function's bundle and works on one invocation
 * at a time.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { ChildRegistry } from '../processes/child-registry.ts';
import type { FunctionLog } from './function-log.ts';
import type { InvocationResult, InvokeMessage, RuntimeMessage } from './runtime-messages.ts';

/** A function as the template has it. */
export interface FunctionSpec {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** The bundle's file and the name that the handler is exported by. */
  readonly file: string;
  readonly exportName: string;
  readonly timeoutMs: number;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** Lambda gives the initialisation ten seconds. */
const INIT_TIMEOUT_MS = 10_000;

const RUNTIME = fileURLToPath(new URL('./function-runtime.ts', import.meta.url));

/** A started environment. Once it has ended it is of no more use; `onEnd` says when. */
export class ExecutionEnvironment {
  readonly #spec: FunctionSpec;
  readonly #child: ChildProcess;
  readonly #log: FunctionLog;
  #pending: { readonly requestId: string; readonly resolve: (result: InvocationResult) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #endedBecause: InvocationResult | undefined;
  /** Resolves once it takes invocations, with the failure if it never will. */
  readonly ready: Promise<InvocationResult | undefined>;
  #settleReady: (failure: InvocationResult | undefined) => void = () => {};

  /** `variables` is the whole environment of the process. */
  constructor(
    spec: FunctionSpec,
    variables: Readonly<Record<string, string>>,
    log: FunctionLog,
    registry: ChildRegistry,
    onEnd: () => void,
  ) {
    this.#spec = spec;
    this.#log = log;
    this.ready = new Promise((resolve) => {
      this.#settleReady = resolve;
    });
    this.#child = fork(RUNTIME, [spec.file, spec.exportName], {
      env: variables,
      execArgv: [`--max-old-space-size=${spec.memoryMb}`, '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', log.descriptor, log.descriptor, 'ipc'],
    });
    if (this.#child.pid !== undefined) registry.record(`function ${spec.logicalId}`, this.#child.pid);
    this.#child.on('message', (message) => this.#hear(message as RuntimeMessage));
    this.#child.on('error', (error) => this.#fail('Runtime.SpawnError', error.message));
    this.#child.once('exit', (code, signal) => {
      this.#fail('Runtime.ExitError', `the environment ended with ${signal ?? `exit code ${code}`}`);
      onEnd();
    });
    this.#timer = setTimeout(() => this.#timeOut('Sandbox.Timedout', INIT_TIMEOUT_MS), INIT_TIMEOUT_MS);
  }

  /** One invocation. Never rejects: what goes wrong is a failed result. */
  invoke(event: unknown): Promise<InvocationResult> {
    if (this.#endedBecause !== undefined) return Promise.resolve(this.#endedBecause);
    const requestId = randomUUID();
    return new Promise((resolve) => {
      this.#pending = { requestId, resolve };
      const { timeoutMs } = this.#spec;
      this.#timer = setTimeout(() => this.#timeOut('Sandbox.Timedout', timeoutMs), timeoutMs);
      const message: InvokeMessage = { requestId, event, deadlineMs: Date.now() + timeoutMs };
      this.#child.send(message, (error) => {
        if (error !== null) this.#fail('Runtime.ExitError', 'the environment has gone');
      });
    });
  }

  /** True if it takes further invocations. */
  get usable(): boolean {
    return this.#endedBecause === undefined;
  }

  /** Ends the process at once, whatever it is doing. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #hear(message: RuntimeMessage): void {
    switch (message.kind) {
      case 'ready':
        clearTimeout(this.#timer);
        this.#settleReady(undefined);
        break;
      case 'init_failed':
        this.#fail(message.errorType, message.errorMessage);
        break;
      case 'done':
        if (message.requestId === this.#pending?.requestId) this.#finish(message.result);
        break;
      default:
        message satisfies never;
    }
  }

  #timeOut(errorType: string, timeoutMs: number): void {
    const errorMessage = `Task timed out after ${(timeoutMs / 1_000).toFixed(2)} seconds`;
    this.#log.problem(`${errorMessage}; the environment is ended`);
    this.#fail(errorType, errorMessage);
    this.kill();
  }

  #fail(errorType: string, errorMessage: string): void {
    // The first cause is the one to report: what ends it otherwise comes as an exit as well.
    this.#endedBecause ??= { kind: 'failed', errorType, errorMessage };
    this.#settleReady(this.#endedBecause);
    this.#finish(this.#endedBecause);
  }

  #finish(result: InvocationResult): void {
    clearTimeout(this.#timer);
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.resolve(result);
  }
}
