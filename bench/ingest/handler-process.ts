/** An ingest handler's bundle behind the HTTP front, in a process of its own. */
import type { ServerProcess } from '../../local/processes/server-process.ts';
import { startServerProcess } from '../../local/processes/server-process.ts';
import type { BenchDirectory } from '../bench-directory.ts';
import type { ProcessUsage } from '../process-usage.ts';

/** Settings of a front. */
export interface HandlerConfig {
  /** The bundle; it exports `handler`. */
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A running front. */
export interface HandlerProcess {
  readonly url: string;
  usage(): Promise<ProcessUsage>;
  stop(): Promise<void>;
}

/** Starts the front of one handler; resolves once it takes requests. */
export async function startHandlerProcess(
  name: string,
  config: HandlerConfig,
  directory: BenchDirectory,
): Promise<HandlerProcess> {
  const server: ServerProcess = await startServerProcess({
    name,
    script: new URL('./ingest-front.ts', import.meta.url),
    config,
    registry: directory.registry,
    logPath: directory.logPath(name),
    onUnexpectedExit: directory.endBecause,
  });
  return {
    url: server.url,
    usage: async () => (await (await fetch(`${server.url}/_usage`)).json()) as ProcessUsage,
    stop: () => server.stop(),
  };
}
