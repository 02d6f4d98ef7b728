/** Between a serialized request and its answer: sign, send, try again. */
import { isServerError, isThrottlingError, isTransientError, StandardRetryStrategy } from '@smithy/core/retry';
import type { HttpRequest, RetryErrorType, SdkError } from '@smithy/types';
import type { TimedRequest } from './request-handler.ts';
import type { RequestSigner } from './request-signer.ts';

/** How long a call may take. */
export interface CallBounds {
  readonly tries: number;
  /** One try, to the end of its answer. */
  readonly tryMs: number;
  /** All tries of a call with their pauses. */
  readonly budgetMs: number;
}

/** Sends serialized requests, each signed, and tried again within its bounds. */
export class BoundedSending {
  readonly #signer: RequestSigner;
  readonly #bounds: CallBounds;
  /**
   * The SDK's own: which errors are tried again, after which pauses, and a budget of retries that an outage uses up and
   * every success gives a part back of.
   */
  readonly #retries: StandardRetryStrategy;
  /** What every call begins with. It has no state: one is enough. */
  readonly #firstToken: ReturnType<StandardRetryStrategy['acquireInitialRetryToken']>;

  constructor(signer: RequestSigner, bounds: CallBounds) {
    this.#signer = signer;
    this.#bounds = bounds;
    this.#retries = new StandardRetryStrategy(bounds.tries);
    this.#firstToken = this.#retries.acquireInitialRetryToken('');
  }

  /**
   * Resolves with the first try that succeeds; rejects with the error of the last one that was permitted. `signal` ends
   * the pauses between tries; a try that is under way has to look at it itself.
   */
  async send<Result>(
    request: HttpRequest,
    tryOnce: (request: TimedRequest) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    const { tryMs, budgetMs } = this.#bounds;
    complete(request);
    const endsAtMs = Date.now() + budgetMs;
    let token = await this.#firstToken;
    for (;;) {
      const nowMs = Date.now();
      this.#signer.sign(request, nowMs);
      try {
        const timed: TimedRequest = Object.assign(request, { timeoutMs: Math.min(tryMs, endsAtMs - nowMs) });
        const result = await tryOnce(timed);
        this.#retries.recordSuccess(token);
        return result;
      } catch (error) {
        const next = this.#retries.refreshRetryTokenForRetry(token, {
          error: error as SdkError,
          errorType: typeOf(error as SdkError),
        });
        // Refused: no try is left, or the error is not one that passes.
        const granted = await within(next, endsAtMs, signal);
        if (granted === undefined) throw error;
        token = granted;
      }
    }
  }
}

/** What HTTP and the trace need. */
function complete(request: HttpRequest): void {
  const { headers, hostname, port } = request;
  headers.host = port === undefined ? hostname : `${hostname}:${port}`;
  headers['content-length'] = String(Buffer.byteLength(request.body as string | Uint8Array));
  // Lambda sets it for each invocation: X-Ray follows a trace by it, and AWS finds loops.
  const traceId = process.env._X_AMZN_TRACE_ID;
  if (traceId !== undefined) headers['x-amzn-trace-id'] = traceId;
}

function typeOf(error: SdkError): RetryErrorType {
  if (isThrottlingError(error)) return 'THROTTLING';
  if (isTransientError(error)) return 'TRANSIENT';
  return isServerError(error) ? 'SERVER_ERROR' : 'CLIENT_ERROR';
}

/** What the pause before the next try ends with; undefined where it is refused, or does not end while there is time left. */
async function within<Token>(
  pause: Promise<Token>,
  endsAtMs: number,
  signal: AbortSignal | undefined,
): Promise<Token | undefined> {
  let giveUp = () => {};
  const late = new Promise<undefined>((resolve) => {
    giveUp = () => resolve(undefined);
  });
  const timer = setTimeout(giveUp, Math.max(0, endsAtMs - Date.now()));
  signal?.addEventListener('abort', giveUp);
  const granted = await Promise.race([pause.catch(() => undefined), late]);
  clearTimeout(timer);
  signal?.removeEventListener('abort', giveUp);
  return signal?.aborted === true || Date.now() >= endsAtMs ? undefined : granted;
}
