/** A log that is kept, to be looked at by a test. */
import type { Log } from '../../../lambdas/ports.ts';

/** One line. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly details: Parameters<Log['write']>[2];
}

/** Keeps every entry, in order. */
export class MemoryLog implements Log {
  readonly entries: LogEntry[] = [];

  write(level: LogEntry['level'], message: string, details: LogEntry['details']): void {
    this.entries.push({ level, message, details });
  }
}
