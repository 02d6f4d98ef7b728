/** A bound on the time that calls take together. */

/**
 * Makes calls that are aborted when the budget ends. `AbortSignal.timeout` would do, but runs out for calls that ended long
 * ago as well, and makes an error with its stack for each: a tenth of the CPU time that an event takes the processor.
 */
export async function withinBudget<Result>(
  budgetMs: number,
  calls: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), budgetMs);
  try {
    return await calls(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}
