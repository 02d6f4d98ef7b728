/** Signals to the processes that a pipeline has started. */

/**
 * Signals may reach every process of the group (Ctrl-C in a terminal, a terminal that is closed, a
 * supervisor): the pipeline alone acts on them, and decides in which order its processes end.
 */
export function ignoreSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}
