/** Which process a process id means: ids are used again, an id with its start time is not. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** When the process started, in the system's own terms; undefined where no such process runs. */
export function startTimeOf(pid: number): string | undefined {
  if (!isProcessId(pid)) return undefined;
  if (process.platform === 'linux') return startTimeFromProc(pid);
  if (process.platform === 'win32') return isAlive(pid) ? 'running' : undefined;
  return fromPs(pid, 'lstart=');
}

/** Its command line; undefined where no such process runs, or the system does not show it. */
export function commandLineOf(pid: number): string | undefined {
  if (!isProcessId(pid) || process.platform === 'win32') return undefined;
  return process.platform === 'linux' ? commandLineFromProc(pid) : fromPs(pid, 'command=');
}

/** Zero and negative numbers mean whole groups of processes, and 1 is the system's first. */
export function isProcessId(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 1;
}

function startTimeFromProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in brackets may hold anything; state is the first field behind it, the start time
    // the twentieth.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

function commandLineFromProc(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
  } catch {
    return undefined;
  }
}

function fromPs(pid: number, column: string): string | undefined {
  try {
    const output = execFileSync('ps', ['-o', column, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return output.trim() || undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
