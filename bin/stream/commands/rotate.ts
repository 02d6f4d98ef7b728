/** `rotate-secret`: the rotation, and with `--retire` its end. Answers the exit code. */

import { UserError } from '../../../cli/user-error.ts';
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import { confirmed } from '../confirm.ts';
import { genesysAccess } from '../genesys/access.ts';
import { GenesysStreams, type RemoteStream } from '../genesys/streams.ts';
import { nextCommand } from '../next-command.ts';
import type { StreamOptions } from '../options.ts';
import type { TargetPipeline } from '../pipeline-source.ts';
import type { CliContext } from '../surroundings.ts';
import { findReachablePipeline, findTargetPipeline } from '../target-pipeline.ts';
import { type RotationOutcome, retireSecret, rotateSecret } from './rotation.ts';
import { existing, streamName } from './webhook.ts';

/**
 * Rotates the secret of a stream that is in Genesys Cloud and enabled, and of every other one that
 * delivers to the same pipeline.
 */
export async function rotateStreamSecret(options: StreamOptions, around: CliContext): Promise<number> {
  if (options.retire) return retirePrevious(options, around);
  const access = genesysAccess(options, around);
  const streams = new GenesysStreams(access.http);
  const stream = await existing(streams, streamName(options, around), access);
  const pipeline = await findReachablePipeline(options, access.hosts, around);
  try {
    const signing = streamsTo(pipeline, stream, await streams.list());
    const names = signing.map(({ name }) => name).join(', ');
    const question = `Rotate the secret of ${pipeline.name}, and at ${access.hosts.name} that of the stream ${names}?`;
    if (!(await confirmed(printable(question), options.yes, around))) return 1;
    const outcome = await rotateSecret({
      pipeline,
      giveToStreams: async (secret) => {
        for (const { id, secret: _, ...rest } of signing) {
          await streams.replace(id, { ...rest, destination: { ...rest.destination, secret } });
        }
      },
      now: around.now,
      sleep: around.sleep,
      timeoutMs: options.timeoutMs,
      onStep: around.note,
    });
    return tell(outcome, options, around);
  } finally {
    pipeline.close();
  }
}

/**
 * Every stream that signs with the pipeline's secret: all that deliver to it. Refused where
 * `stream` would not show a rotation.
 */
function streamsTo(pipeline: TargetPipeline, stream: RemoteStream, all: readonly RemoteStream[]): RemoteStream[] {
  if (!stream.enabled) {
    throw new UserError(
      `The stream ${printable(stream.name)} is not enabled: no delivery would show that the new secret has arrived.`,
    );
  }
  if (stream.destination.url !== pipeline.webhookUrl) {
    throw new UserError(
      `The stream ${printable(stream.name)} delivers to ${printable(stream.destination.url)}, not to ${pipeline.name} (${printable(pipeline.webhookUrl)}): ` +
        'its deliveries would be refused there. Name the stack that it delivers to, or apply the file first.',
    );
  }
  return all.filter(({ destination }) => destination.url === pipeline.webhookUrl);
}

function tell(outcome: RotationOutcome, options: StreamOptions, around: CliContext): number {
  switch (outcome.kind) {
    case 'rotated': {
      const uses = outcome.uses === 1 ? 'A delivery' : `${outcome.uses} deliveries`;
      around.out(`${uses} signed with the new secret arrived: it is the current one now.\n${retireHint(options)}`);
      return 0;
    }
    case 'finished':
      around.out(
        `The rotation that was begun before is finished: the new secret is the current one.\n${retireHint(options)}`,
      );
      return 0;
    case 'nothing_arrived':
      around.out(
        `The stream signs with the new secret, but no delivery has arrived within ${options.timeoutMs / 1_000} s. Both secrets ` +
          'are accepted. Run the command again when there are events: it goes on from here.',
      );
      return 1;
    default:
      return outcome satisfies never;
  }
}

function retireHint(options: StreamOptions): string {
  return (
    'The previous one is still accepted. When Genesys has nothing left that it signed with it (it retries for days), ' +
    `remove it with: ${nextCommand('rotate-secret', options, ['--retire'])}`
  );
}

/** Needs nothing of Genesys Cloud: only the pipeline's secret is changed. */
async function retirePrevious(options: StreamOptions, around: CliContext): Promise<number> {
  const pipeline = await findTargetPipeline(options, around);
  try {
    return await retire(pipeline, options, around);
  } finally {
    pipeline.close();
  }
}

async function retire(pipeline: TargetPipeline, options: StreamOptions, around: CliContext): Promise<number> {
  const question =
    `Remove the previous secret of ${pipeline.name}? A delivery that was signed with it, and that Genesys is still ` +
    'trying again, is refused from then on.';
  if (!(await confirmed(question, options.yes, around))) return 1;
  const { force } = options;
  const outcome = await retireSecret({ pipeline, force, now: around.now, sleep: around.sleep, onStep: around.note });
  switch (outcome.kind) {
    case 'retired':
      around.out('The previous secret is removed. Ingest forgets it within minutes.');
      return 0;
    case 'nothing_to_retire':
      around.out('There is no previous secret.');
      return 0;
    case 'rotation_under_way':
      around.note(`A rotation is under way. Finish it first: ${nextCommand('rotate-secret', options)}`);
      return 1;
    case 'in_use':
      around.note(
        `In the last ${Math.ceil(outcome.withinMs / 1_000)} s ${outcome.uses} deliveries arrived that were signed with the previous secret: ` +
          'it is kept. Try again when they have ended. If the secret has leaked, they may be the attacker’s: ' +
          `${nextCommand('rotate-secret', options, ['--retire', '--force'])} removes it at once.`,
      );
      return 1;
    default:
      return outcome satisfies never;
  }
}
