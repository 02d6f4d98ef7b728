/** Resources that a process has used. */

/**
 * CPU time since its start, in the kernel and outside of it, and the memory it holds now and held
 * at the most.
 */
export interface ProcessUsage {
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

/** This process's usage. */
export function usageNow(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  return {
    cpuMs: (user + system) / 1_000,
    rssBytes: process.memoryUsage.rss(),
    peakRssBytes: process.resourceUsage().maxRSS * 1_024,
  };
}
