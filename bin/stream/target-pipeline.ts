/** The pipeline that the options name. */

import { UserError } from '../../cli/user-error.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import { findDeployedPipeline } from './deployed-stack.ts';
import type { GenesysHosts } from './genesys/regions.ts';
import { findLocalPipeline } from './local-pipeline.ts';
import type { StreamOptions } from './options.ts';
import type { TargetPipeline } from './pipeline-source.ts';
import type { CliContext } from './surroundings.ts';

/** Finds it: a stack, or the one on this machine. */
export async function findTargetPipeline(options: StreamOptions, around: CliContext): Promise<TargetPipeline> {
  return options.stack === undefined ? findLocalPipeline(around.environment) : findDeployedPipeline(options.stack);
}

/**
 * The same, for a stream: refuses the one on this machine, unless Genesys Cloud is a fake on this
 * machine.
 */
export async function findReachablePipeline(
  options: StreamOptions,
  hosts: GenesysHosts,
  around: CliContext,
): Promise<TargetPipeline> {
  const pipeline = await findTargetPipeline(options, around);
  if (options.stack !== undefined || hosts.fake) return pipeline;
  pipeline.close();
  throw new UserError(
    `${hosts.name} cannot reach ${printable(pipeline.webhookUrl)}, the pipeline on this machine. Name the deployed stack with ` +
      '--stack NAME, or a fake with --api (npm run genesys).',
  );
}
