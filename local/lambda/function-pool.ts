/**
 * A function's execution environments: started on demand, used again when idle, replaced when they
 * end.
 */
import type { ExecutionEnvironment } from './execution-environment.ts';
import type { InvocationResult } from './runtime-messages.ts';

/** Starts an environment; `onEnd` is called once when its process has ended. */
export type StartEnvironment = (onEnd: () => void) => ExecutionEnvironment;

interface Waiting {
  readonly event: unknown;
  readonly resolve: (result: InvocationResult) => void;
}

/** Lambda keeps idle environments for minutes, and no longer. */
const IDLE_MAX_MS = 300_000;

/**
 * As many environments as invocations are under way, up to a bound beyond which invocations wait.
 */
export class FunctionPool {
  readonly #start: StartEnvironment;
  readonly #maxEnvironments: number;
  readonly #all = new Set<ExecutionEnvironment>();
  /** The one used last is at the end, and used next: the others age. */
  readonly #idle: { readonly environment: ExecutionEnvironment; readonly sinceMs: number }[] = [];
  readonly #waiting: Waiting[] = [];
  readonly #reaper: NodeJS.Timeout;
  #starting = 0;
  #underWay = 0;
  #stopped = false;
  #onQuiet: (() => void) | undefined;

  constructor(maxEnvironments: number, start: StartEnvironment) {
    this.#maxEnvironments = maxEnvironments;
    this.#start = start;
    this.#reaper = setInterval(() => this.#endAged(), IDLE_MAX_MS / 5).unref();
  }

  /** Starts one environment. Resolves with the failure if the function does not load. */
  async warm(): Promise<InvocationResult | undefined> {
    return this.#startOne();
  }

  /** One invocation, in an idle environment or the next that becomes free. Never rejects. */
  invoke(event: unknown): Promise<InvocationResult> {
    if (this.#stopped) {
      return Promise.resolve({ kind: 'failed', errorType: 'Stopping', errorMessage: 'the pipeline is stopping' });
    }
    return new Promise((resolve) => {
      this.#underWay += 1;
      const finish = (result: InvocationResult) => {
        this.#underWay -= 1;
        resolve(result);
        if (this.#underWay === 0) this.#onQuiet?.();
      };
      this.#waiting.push({ event, resolve: finish });
      this.#dispatch();
    });
  }

  /**
   * Takes no more invocations, lets those under way finish for `graceMs`, then ends every
   * environment.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#reaper);
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, graceMs);
        this.#onQuiet = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    for (const environment of this.#all) environment.kill();
  }

  #dispatch(): void {
    for (;;) {
      const next = this.#waiting[0];
      if (next === undefined) return;
      const idle = this.#idle.pop();
      if (idle === undefined) break;
      this.#waiting.shift();
      void this.#run(idle.environment, next);
    }
    const mayStart = this.#maxEnvironments - this.#all.size;
    const wanted = Math.min(mayStart, this.#waiting.length - this.#starting);
    for (let started = 0; started < wanted; started += 1) void this.#startForWaiting();
  }

  async #startForWaiting(): Promise<void> {
    const failure = await this.#startOne();
    // As on Lambda, the invocation for which the environment was started fails with it.
    if (failure !== undefined) this.#waiting.shift()?.resolve(failure);
    this.#dispatch();
  }

  async #startOne(): Promise<InvocationResult | undefined> {
    this.#starting += 1;
    const environment: ExecutionEnvironment = this.#start(() => this.#remove(environment));
    this.#all.add(environment);
    const failure = await environment.ready;
    this.#starting -= 1;
    if (failure === undefined) this.#release(environment);
    return failure;
  }

  async #run(environment: ExecutionEnvironment, { event, resolve }: Waiting): Promise<void> {
    const result = await environment.invoke(event);
    this.#release(environment);
    resolve(result);
  }

  #release(environment: ExecutionEnvironment): void {
    // One that timed out is about to end: the next invocation must not fail with it.
    if (!this.#all.has(environment) || !environment.usable) return;
    this.#idle.push({ environment, sinceMs: Date.now() });
    this.#dispatch();
  }

  #remove(environment: ExecutionEnvironment): void {
    this.#all.delete(environment);
    const index = this.#idle.findIndex((idle) => idle.environment === environment);
    if (index >= 0) this.#idle.splice(index, 1);
    if (!this.#stopped) this.#dispatch();
  }

  #endAged(): void {
    const endBeforeMs = Date.now() - IDLE_MAX_MS;
    for (const { environment, sinceMs } of this.#idle) if (sinceMs < endBeforeMs) environment.kill();
  }
}
