/** `plan`, `apply`, `list`, `show` and `delete` of a webhook stream. Each answers the exit code. */

import { UserError } from '../../../cli/user-error.ts';
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import { confirmed } from '../confirm.ts';
import { type GenesysAccess, genesysAccess } from '../genesys/access.ts';
import { GenesysStreams, type RemoteStream, type StreamBody } from '../genesys/streams.ts';
import { nextCommand } from '../next-command.ts';
import type { StreamOptions } from '../options.ts';
import type { TargetPipeline } from '../pipeline-source.ts';
import { formatPlan, formatStream, formatStreams, publicStream } from '../plan-text.ts';
import { readStreamFile, type StreamFile } from '../stream-file.ts';
import { findByName, planStream, type StreamPlan } from '../stream-plan.ts';
import type { CliContext } from '../surroundings.ts';
import { findReachablePipeline } from '../target-pipeline.ts';

/** Shows what `apply` would change. */
export async function planWebhook(options: StreamOptions, around: CliContext): Promise<number> {
  const { file, plan } = await makePlan(options, around, genesysAccess(options, around));
  around.out(options.json ? JSON.stringify({ name: file.name, ...plan }, undefined, 2) : formatPlan(file.name, plan));
  return 0;
}

/** Shows the plan, asks, and carries it out. */
export async function applyWebhook(options: StreamOptions, around: CliContext): Promise<number> {
  const access = genesysAccess(options, around);
  const { file, plan, wanted } = await makePlan(options, around, access);
  around.out(formatPlan(file.name, plan));
  if (plan.kind === 'none') return 0;
  if (!(await confirmed(`Apply this at ${access.hosts.name}?`, options.yes, around))) return 1;
  const streams = new GenesysStreams(access.http);
  if (plan.kind === 'add') {
    const { id } = await streams.add(wanted);
    around.out(printable(`Added stream ${file.name} (${id}).`));
  } else {
    await streams.replace(plan.id, wanted);
    around.out(printable(`Changed stream ${file.name} (${plan.id}).`));
  }
  return 0;
}

/** Lists all streams. */
export async function listStreams(options: StreamOptions, around: CliContext): Promise<number> {
  const streams = await new GenesysStreams(genesysAccess(options, around).http).list();
  around.out(options.json ? JSON.stringify(streams.map(publicStream), undefined, 2) : formatStreams(streams));
  return 0;
}

/** Shows one stream. */
export async function showStream(options: StreamOptions, around: CliContext): Promise<number> {
  const access = genesysAccess(options, around);
  const stream = await existing(new GenesysStreams(access.http), streamName(options, around), access);
  around.out(options.json ? JSON.stringify(publicStream(stream), undefined, 2) : formatStream(stream));
  return 0;
}

/** Asks, and deletes one stream. */
export async function deleteStream(options: StreamOptions, around: CliContext): Promise<number> {
  const access = genesysAccess(options, around);
  const streams = new GenesysStreams(access.http);
  const stream = await existing(streams, streamName(options, around), access);
  around.out(`${formatStream(stream)}\n`);
  const question = `Delete it at ${access.hosts.name}? Events are no longer sent from then on, and not sent later.`;
  if (!(await confirmed(question, options.yes, around))) return 1;
  await streams.delete(stream.id, stream.name);
  around.out(printable(`Deleted stream ${stream.name} (${stream.id}).`));
  return 0;
}

/** The stream that a command is about: its argument, or the file's. */
export function streamName(options: StreamOptions, around: CliContext): string {
  return options.name ?? readStreamFile(options.file, around.now()).name;
}

/**
 * The stream of this name. Throws a user error that lists the existing names if it does not exist.
 */
export async function existing(streams: GenesysStreams, name: string, access: GenesysAccess): Promise<RemoteStream> {
  const all = await streams.list();
  const found = findByName(all, name);
  if (found !== undefined) return found;
  const names = all.length === 0 ? 'there are none' : `there are ${all.map((stream) => stream.name).join(', ')}`;
  throw new UserError(printable(`${access.hosts.name} has no stream ${name}: ${names}.`));
}

async function makePlan(
  options: StreamOptions,
  around: CliContext,
  access: GenesysAccess,
): Promise<{ readonly file: StreamFile; readonly plan: StreamPlan; readonly wanted: StreamBody }> {
  const file = readStreamFile(options.file, around.now());
  for (const warning of file.warnings) around.note(`warning: ${warning}`);
  const pipeline = await findReachablePipeline(options, access.hosts, around);
  try {
    const found = findByName(await new GenesysStreams(access.http).list(), file.name);
    const { secret, accepted } = await secretsOf(pipeline, options, around);
    const wanted = bodyFrom(file, pipeline.webhookUrl, secret);
    return { file, wanted, plan: planStream({ wanted, found, accepted, resendSecret: options.resendSecret }) };
  } finally {
    pipeline.close();
  }
}

/** Secret of a new stream, and the one that an existing stream may have. */
async function secretsOf(
  pipeline: TargetPipeline,
  options: StreamOptions,
  around: CliContext,
): Promise<{ readonly secret: string; readonly accepted: readonly string[] }> {
  const [current, pending] = await Promise.all([pipeline.secrets.current(), pipeline.secrets.read('AWSPENDING')]);
  if (pending === undefined || pending.versionId === current.versionId) {
    return { secret: current.value, accepted: [current.value] };
  }
  around.note(
    `warning: a rotation of the secret is under way; finish it with: ${nextCommand('rotate-secret', options)}`,
  );
  return { secret: current.value, accepted: [current.value, pending.value] };
}

function bodyFrom(file: StreamFile, url: string, secret: string): StreamBody {
  const { path, name, description, enabled, destinationUrl, rules } = file;
  if (destinationUrl !== undefined && destinationUrl !== url) {
    throw new UserError(
      `${path}: destination.url is ${printable(destinationUrl)}, but the webhook URL of the pipeline is ${printable(url)}. ` +
        'Remove it, or name the right pipeline with --stack NAME.',
    );
  }
  return {
    name,
    description,
    enabled,
    destination: { type: 'webhook', url, secret },
    routingRules: rules.map(({ rule }) => rule),
  };
}
