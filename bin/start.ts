/** `npm start`: the whole pipeline on this machine until Ctrl-C. */
import '../cli/output-errors.ts';
import { join, relative } from 'node:path';
import { print } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { localAwsCli } from '../local/local-clients.ts';
import { LocalPipeline } from '../local/pipeline.ts';
import type { PipelineDescription } from '../local/pipeline-file.ts';
import { readSettings, type Settings, START_HELP } from '../local/settings.ts';

/** npm passes a terminal's Ctrl-C on, so that one press comes twice; only a later one is a second press. */
const SECOND_PRESS_MS = 500;
/** The last resort of a first Ctrl-C: everything has ended by then, or is ended. */
const STOP_LIMIT_MS = 4_800;

async function main(): Promise<void> {
  const settings = readSettings(process.argv.slice(2), process.env);
  if (settings === undefined) return print(START_HELP);
  const pipeline = new LocalPipeline(settings, (message) => void end(pipeline, message));
  stopOnSignals(pipeline);
  try {
    announce(await pipeline.start(), settings);
  } catch (error) {
    await end(pipeline, error);
  }
}

function stopOnSignals(pipeline: LocalPipeline): void {
  let firstAtMs: number | undefined;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const nowMs = Date.now();
      if (firstAtMs === undefined) {
        firstAtMs = nowMs;
        print('\nstopping');
        setTimeout(() => process.exit(0), STOP_LIMIT_MS);
        void pipeline.stop().then(() => process.exit(0));
      } else if (nowMs - firstAtMs > SECOND_PRESS_MS) {
        // The processes it has started end with it.
        process.exit(130);
      }
    });
  }
}

let ending = false;

async function end(pipeline: LocalPipeline, cause: unknown): Promise<void> {
  if (ending) return;
  ending = true;
  process.exitCode = 1;
  // Only what the user can put right has a message that says all; anything else is a fault of ours.
  const text =
    cause instanceof UserError || typeof cause === 'string' ? messageOf(cause) : ((cause as Error).stack ?? '');
  process.stderr.write(`${text}\n`);
  await pipeline.stop();
  process.exit(1);
}

function announce(pipeline: PipelineDescription, settings: Settings): void {
  const { endpoints, crm } = pipeline;
  const others = pipeline.senders
    .filter(({ url }) => url !== pipeline.webhookUrl)
    .map(({ name, url }) => `\n  also takes        ${url} (${name})`);
  print(`
  operations        ${new URL('/', pipeline.webhookUrl).href}
  send events       npm run send -- --count 1000 --duplicates 3${others.join('')}
  what waits        npm run redrive -- --list
  CRM               ${crm.url}${crm.sample ? ' (sample; see /_crm/state, /_crm/contacts, /_crm/calls)' : ''}
  delivery queue    ${pipeline.deliveryQueue.url}
  quarantine        ${pipeline.quarantine.url}
  DynamoDB          ${endpoints.dynamodb} (table ${pipeline.stateTable})
  Secrets Manager   ${endpoints.secretsManager}
  Lambda            ${endpoints.lambda} (${pipeline.functions.map(({ name }) => name).join(', ')})
  logs              ${displayed(join(settings.dataDir, 'logs'))}
  for the aws CLI   ${localAwsCli('<one of these>', endpoints.accessKey)} …
`);
  if (!crm.sample && settings.crmCredentials === undefined)
    print('CRM_CREDENTIALS is not set: calls carry a made-up token');
  print(`ready ${pipeline.webhookUrl}`);
}

/** As somebody in the working directory would write it. */
function displayed(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

await main().catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
