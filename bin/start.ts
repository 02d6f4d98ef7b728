/** `npm start`: the whole pipeline on this machine until Ctrl-C. */
import '../cli/output-errors.ts';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from '../cli/command.ts';
import { print } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { FAKE_VENDORS } from '../local/crm/fakes/vendors.ts';
import { localAwsCli } from '../local/local-clients.ts';
import { LocalPipeline } from '../local/pipeline.ts';
import type { PipelineDescription } from '../local/pipeline-file.ts';
import { readSettings, type Settings } from '../local/settings.ts';

/**
 * npm passes a terminal's Ctrl-C on, so that one press comes twice; only a later one is a second
 * press.
 */
const SECOND_PRESS_MS = 500;
/** The last resort of a first Ctrl-C: everything has ended by then, or is ended. */
const STOP_LIMIT_MS = 4_800;

async function start(settings: Settings): Promise<number> {
  // Whatever the pipeline and its servers write is for this user alone.
  process.umask(0o077);
  const pipeline = new LocalPipeline(settings, (message) => void end(pipeline, settings, message));
  stopOnSignals(pipeline);
  process.on('uncaughtException', (error) => void end(pipeline, settings, error));
  try {
    announce(await pipeline.start(), settings);
  } catch (error) {
    // Stopping makes the start fail.
    if (!pipeline.stopping) await end(pipeline, settings, error);
  }
  return 0;
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

/**
 * A terminal's Ctrl-C reaches all processes of its group: this one perhaps after a child that it
 * ends.
 */
const SIGNAL_DELAY_MS = 500;

/** Resource that the system lacks. */
const NOT_OUR_FAULT = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'EIO']);

async function end(pipeline: LocalPipeline, settings: Settings, cause: unknown): Promise<void> {
  if (ending || pipeline.stopping) return;
  ending = true;
  await delay(SIGNAL_DELAY_MS);
  if (pipeline.stopping) return;
  process.exitCode = 1;
  process.stderr.write(`${describe(cause, settings.dataDir)}\n`);
  await pipeline.stop();
  process.exit(1);
}

/** One line for what the user can fix; the stack trace of a fault of ours. */
function describe(cause: unknown, dataDir: string): string {
  if (cause instanceof UserError || typeof cause === 'string') return messageOf(cause);
  const { code = '', stack = '' } = cause as NodeJS.ErrnoException;
  if (!NOT_OUR_FAULT.has(code)) return stack;
  return `The pipeline on ${dataDir} cannot go on: ${messageOf(cause)}. What it has accepted is kept; start it again once this is fixed.`;
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
  CRM               ${crm.url}${describeCrm(crm)}
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

function describeCrm({ sample, vendor }: PipelineDescription['crm']): string {
  if (!sample) return '';
  return vendor === undefined
    ? ' (sample; see /_crm/state, /_crm/contacts, /_crm/calls)'
    : ` (fake of ${FAKE_VENDORS[vendor].title}; see /_crm/state, /_crm/contacts, /_crm/logged-calls)`;
}

/** The path relative to the working directory if it is below that, otherwise unchanged. */
function displayed(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere;
}

await runCommand((argv) => readSettings(argv, process.env), start);
