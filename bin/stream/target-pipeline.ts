/** The pipeline that the options name. */
import { printable } from '../../lambdas/domain/log-text.ts';
import { Refusal } from '../../local/refusal.ts';
import { findDeployedPipeline } from './deployed-stack.ts';
import { findLocalPipeline } from './local-pipeline.ts';
import type { StreamOptions } from './options.ts';
import type { TargetPipeline } from './pipeline-source.ts';
import type { GenesysHosts } from './regions.ts';
import type { Surroundings } from './surroundings.ts';

/** Finds it: a stack, or the one on this machine. */
export async function findTargetPipeline(options: StreamOptions, around: Surroundings): Promise<TargetPipeline> {
  return options.stack === undefined ? findLocalPipeline(around.environment) : findDeployedPipeline(options.stack);
}

/** The same, for a stream: refuses the one on this machine, unless Genesys Cloud is a fake on this machine. */
export async function findReachablePipeline(
  options: StreamOptions,
  hosts: GenesysHosts,
  around: Surroundings,
): Promise<TargetPipeline> {
  const pipeline = await findTargetPipeline(options, around);
  if (options.stack !== undefined || hosts.fake) return pipeline;
  pipeline.close();
  throw new Refusal(
    `${hosts.name} cannot reach ${printable(pipeline.webhookUrl)}, the pipeline on this machine. Name the deployed stack with ` +
      '--stack NAME, or a fake with --api (npm run genesys).',
  );
}
