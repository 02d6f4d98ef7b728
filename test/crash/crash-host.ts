/**
 * `npm start` with a proxy between the functions and the servers: an event whose id begins with the
 * name of a crash point kills the process that works on it, once, at that point. Each kill is a
 * line in `kills.jsonl`.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { print } from '../../cli/terminal.ts';
import { ExecutionEnvironment } from '../../local/lambda/execution-environment.ts';
import type { InvocationResult } from '../../local/lambda/runtime-messages.ts';
import { LocalPipeline } from '../../local/pipeline.ts';
import { readSettings } from '../../local/settings.ts';
import { BreakpointProxy, type Verdict } from './breakpoint-proxy.ts';
import { pointOf } from './crash-points.ts';

/**
 * An environment whose answer may be lost: its process dies between the return and the
 * acknowledgement.
 */
class MortalEnvironment extends ExecutionEnvironment {
  dies = false;

  override async invoke(event: unknown): Promise<InvocationResult> {
    const result = await super.invoke(event);
    if (!this.dies) return result;
    this.kill();
    return { kind: 'failed', errorType: 'Runtime.ExitError', errorMessage: 'killed after it had returned' };
  }
}

const settings = readSettings(process.argv.slice(2), process.env);
if (settings === undefined) throw new Error('the crash host has no help of its own');
const killsPath = join(settings.dataDir, 'kills.jsonl');
const killed = new Set<string>();

/** Each event kills once, at its point. */
const verdict: Verdict = ({ kind, eventIds }, moment, environment) => {
  const doomed = eventIds.filter((eventId) => {
    const point = pointOf(eventId);
    return point?.call === kind && point.moment === moment && !killed.has(eventId);
  });
  if (doomed.length === 0) return false;
  for (const eventId of doomed) {
    killed.add(eventId);
    appendFileSync(killsPath, `${JSON.stringify({ eventId })}\n`);
  }
  if (moment === 'returned' && environment instanceof MortalEnvironment) environment.dies = true;
  return true;
};

const proxy = await BreakpointProxy.listen({ verdict });
const pipeline = new LocalPipeline(
  settings,
  (message) => {
    process.stderr.write(`${message}\n`);
    void pipeline.stop().then(() => process.exit(1));
  },
  (spec, variables, log, registry, onEnd) => {
    const { variables: changed, watch } = proxy.interpose(variables);
    const environment = new MortalEnvironment(spec, changed, log, registry, onEnd);
    watch(environment);
    return environment;
  },
);
process.on('SIGINT', () => void pipeline.stop().then(() => process.exit(0)));
const { webhookUrl } = await pipeline.start();
print(`ready ${webhookUrl}`);
