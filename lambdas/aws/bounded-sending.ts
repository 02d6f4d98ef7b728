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
  /** The SDK's own: which errors are tried again, after which pauses, and a budget of retries that an outage uses up. */
  readonly #retries: StandardRetryStrategy;

  constructor(signer: RequestSigner, bounds: CallBounds) {
    this.#signer = signer;
    this.#bounds = bounds;
    this.#retries = new StandardRetryStrategy(bounds.tries);
  }

  /** Resolves with the first try that succeeds; rejects with the error of the last one that was permitted. */
  async send<Result>(request: HttpRequest, tryOnce: (request: TimedRequest) => Promise<Result>): Promise<Result> {
    const { tryMs, budgetMs } = this.#bounds;
    complete(request);
    const endsAtMs = Date.now() + budgetMs;
    let granted: ReturnType<StandardRetryStrategy['refreshRetryTokenForRetry']> | undefined;
    for (;;) {
      const nowMs = Date.now();
      this.#signer.sign(request, nowMs);
      try {
        const timed: TimedRequest = Object.assign(request, { timeoutMs: Math.min(tryMs, endsAtMs - nowMs) });
        const result = await tryOnce(timed);
        if (granted !== undefined) this.#retries.recordSuccess(await granted);
        return result;
      } catch (error) {
        const token = (await granted) ?? (await this.#retries.acquireInitialRetryToken(''));
        granted = this.#retries.refreshRetryTokenForRetry(token, {
          error: error as SdkError,
          errorType: typeOf(error as SdkError),
        });
        // Refused: no try is left, or the error is not one that passes.
        if (!(await within(granted, endsAtMs))) throw error;
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

/** Whether the pause before the next try is granted, and ends while there is time left for it. */
async function within(pause: Promise<unknown>, endsAtMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.max(0, endsAtMs - Date.now()));
  });
  const granted = pause.then(
    () => true,
    () => false,
  );
  const answer = await Promise.race([granted, late]);
  clearTimeout(timer);
  return answer && Date.now() < endsAtMs;
}
