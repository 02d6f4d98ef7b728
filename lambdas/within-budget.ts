/** A bound on the total time of calls, their retries and the pauses between them included. */

/**
 * Runs `call` and aborts its signal when `budgetMs` has passed. Settles at that moment even if the
 * call ignores the signal: the SDK does not interrupt a pause between two tries. Rejects with a
 * `TimeoutError`.
 *
 * The timer is cleared when the call ends. `AbortSignal.timeout` would fire after calls that ended
 * long ago and create an error with its stack for each.
 */
export async function withinBudget<Result>(
  budgetMs: number,
  call: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = Object.assign(new Error(`no result within ${budgetMs} ms`), { name: 'TimeoutError' });
      reject(error);
      controller.abort(error);
    }, budgetMs);
  });
  try {
    return await Promise.race([call(controller.signal), expired]);
  } finally {
    clearTimeout(timer);
  }
}
