/** Memory of each process over time, and whether it grows. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process that is watched. */
export interface WatchedProcess {
  readonly name: string;
  readonly pid: number;
}

/** Resident memory at a time. */
export interface Sample {
  readonly atMs: number;
  readonly megabytes: number;
}

/** Result of watching a process's memory. */
export interface MemoryReport {
  readonly name: string;
  readonly pid: number;
  readonly lifeSeconds: number;
  readonly firstMb: number;
  readonly maxMb: number;
  readonly lastMb: number;
  /**
   * Slope of the lowest values over the second half of its life; undefined for a process that
   * lived too short to judge.
   */
  readonly slopeMbPerMinute: number | undefined;
  readonly verdict: 'flat' | 'grows' | 'too short to tell' | 'not judged';
}

/** Half of a life is judged, the first half being what is loaded, compiled and cached. */
const JUDGED_FROM_MS = 300_000;
/**
 * Parts of that half, of each of which the lowest value counts: what is left after garbage was
 * collected.
 */
const TROUGHS = 8;
/**
 * More than this in a minute, in the second half, is growth, if it leads beyond what the first half
 * has seen.
 */
const FLAT_MB_PER_MINUTE = 1;
const BEYOND_FIRST_HALF = 1.1;

/** Takes samples of whatever runs. */
export class MemoryWatch {
  readonly #samples = new Map<string, Sample[]>();
  readonly #judged: (name: string) => boolean;
  readonly #megabytesOf: (pid: number) => number | undefined;

  /** `judged` selects the processes that get a verdict. */
  constructor(judged: (name: string) => boolean, megabytesOf = residentMegabytes) {
    this.#judged = judged;
    this.#megabytesOf = megabytesOf;
  }

  /** One sample of each of the processes that still runs. */
  look(processes: readonly WatchedProcess[], nowMs: number): void {
    for (const { name, pid } of processes) {
      const megabytes = this.#megabytesOf(pid);
      if (megabytes === undefined) continue;
      const key = `${name} ${pid}`;
      this.#samples.set(key, [...(this.#samples.get(key) ?? []), { atMs: nowMs, megabytes }]);
    }
  }

  /** Reports of every process that was seen, the longest-lived first. */
  report(): MemoryReport[] {
    return [...this.#samples]
      .map(([key, samples]) => {
        const at = key.lastIndexOf(' ');
        const name = key.slice(0, at);
        return reportOn(name, Number(key.slice(at + 1)), samples, this.#judged(name));
      })
      .sort((a, b) => b.lifeSeconds - a.lifeSeconds);
  }
}

function reportOn(name: string, pid: number, samples: readonly Sample[], judged: boolean): MemoryReport {
  const first = samples[0] as Sample;
  const last = samples.at(-1) as Sample;
  const lifeMs = last.atMs - first.atMs;
  const half = Math.floor(samples.length / 2);
  const slope = lifeMs < JUDGED_FROM_MS ? undefined : slopePerMinute(troughs(samples.slice(half)));
  const isBeyond = maxOf(samples.slice(half)) > BEYOND_FIRST_HALF * maxOf(samples.slice(0, half));
  return {
    name,
    pid,
    lifeSeconds: Math.round(lifeMs / 1_000),
    firstMb: Math.round(first.megabytes),
    maxMb: Math.round(maxOf(samples)),
    lastMb: Math.round(last.megabytes),
    slopeMbPerMinute: slope === undefined ? undefined : Math.round(slope * 100) / 100,
    verdict: judged ? verdictOn(slope, isBeyond) : 'not judged',
  };
}

function verdictOn(slope: number | undefined, isBeyond: boolean): MemoryReport['verdict'] {
  if (slope === undefined) return 'too short to tell';
  return slope > FLAT_MB_PER_MINUTE && isBeyond ? 'grows' : 'flat';
}

function maxOf(samples: readonly Sample[]): number {
  return samples.reduce((max, { megabytes }) => Math.max(max, megabytes), 0);
}

/** The lowest sample of each of `TROUGHS` parts. */
function troughs(samples: readonly Sample[]): Sample[] {
  const length = Math.max(1, Math.ceil(samples.length / TROUGHS));
  const parts = Array.from({ length: Math.ceil(samples.length / length) }, (_, part) =>
    samples.slice(part * length, (part + 1) * length),
  );
  return parts.map((part) => part.reduce((lowest, sample) => (sample.megabytes < lowest.megabytes ? sample : lowest)));
}

/** The slope of the line that fits the samples best (least squares), in megabytes a minute. */
export function slopePerMinute(samples: readonly Sample[]): number {
  const count = samples.length;
  const meanAt = samples.reduce((sum, { atMs }) => sum + atMs, 0) / count;
  const mean = samples.reduce((sum, { megabytes }) => sum + megabytes, 0) / count;
  const covariance = samples.reduce((sum, { atMs, megabytes }) => sum + (atMs - meanAt) * (megabytes - mean), 0);
  const variance = samples.reduce((sum, { atMs }) => sum + (atMs - meanAt) ** 2, 0);
  return variance === 0 ? 0 : (covariance / variance) * 60_000;
}

/** Resident memory of the process; undefined if it has ended. */
function residentMegabytes(pid: number): number | undefined {
  try {
    if (process.platform === 'linux') {
      const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1_024;
    }
    const text = execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' });
    return Number(text) / 1_024;
  } catch {
    return undefined;
  }
}
