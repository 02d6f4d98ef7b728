/**
 * Requests to Genesys Cloud with retries: waits while throttled, and repeats after failures that
 * may pass.
 */
import { messageOf } from '../../../cli/user-error.ts';
import type { CliContext } from '../surroundings.ts';

/** An answer; status 0 where there was none, with the reason as its message. */
export interface GenesysResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const TIMEOUT_MS = 30_000;
/** Tries of a request that may be repeated, where Genesys fails or cannot be reached. */
const TRIES = 4;
const FIRST_PAUSE_MS = 1_000;
/** Wait after a 429 without a valid `Retry-After`. */
const THROTTLED_PAUSE_MS = 3_000;
/**
 * However soon a 429 lets us come back: at once would be a hammer, and never use up the patience.
 */
const THROTTLED_PAUSE_MIN_MS = 1_000;
/** All waits of one request for 429 together. */
const PATIENCE_MS = 5 * 60_000;

/**
 * The answer to a request: the first that is neither 429 nor, with `mayRepeat`, 5xx or none; or the
 * last one, when patience or tries have run out. 429 is waited for as `Retry-After` says.
 */
export async function sendWithRetries(
  request: () => Promise<GenesysResponse>,
  mayRepeat: boolean,
  around: Pick<CliContext, 'now' | 'sleep' | 'note'>,
): Promise<GenesysResponse> {
  let waitedMs = 0;
  for (let tries = 1; ; ) {
    const answer = await request();
    if (answer.status === 429) {
      const pauseMs = retryAfterPauseMs(answer, around.now());
      waitedMs += pauseMs;
      if (waitedMs > PATIENCE_MS) return answer;
      around.note(`Genesys Cloud asks to wait ${Math.ceil(pauseMs / 1_000)} s (429)`);
      await around.sleep(pauseMs);
    } else if (isRetryable(answer.status) && mayRepeat && tries < TRIES) {
      await around.sleep(FIRST_PAUSE_MS * 2 ** (tries - 1));
      tries += 1;
    } else {
      return answer;
    }
  }
}

/** Sends one request. Redirects are not followed: credentials must not go somewhere else. */
export async function sendRequest(url: string, init: RequestInit): Promise<GenesysResponse> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(url, { ...init, redirect: 'error', signal });
    return { status: response.status, headers: response.headers, body: parsed(await response.text()) };
  } catch (error) {
    // The message of `fetch` itself says only that it failed.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { status: 0, headers: new Headers(), body: { message: messageOf(cause) } };
  }
}

/** True if the same request may be answered otherwise a little later. */
export function isRetryable(status: number): boolean {
  return status === 0 || status >= 500;
}

/**
 * Wait after a 429 in milliseconds: that of `Retry-After`, in seconds or as an HTTP date; at least
 * a second.
 */
export function retryAfterPauseMs({ headers }: GenesysResponse, nowMs: number): number {
  return Math.max(THROTTLED_PAUSE_MIN_MS, retryAfterMs(headers.get('retry-after') ?? '', nowMs));
}

function retryAfterMs(header: string, nowMs: number): number {
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? THROTTLED_PAUSE_MS : atMs - nowMs;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    // A proxy's page: its status says enough.
    return undefined;
  }
}
