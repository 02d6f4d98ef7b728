/** Exports of the package. */
export type { CrmMapping, MappingResult } from '../lambdas/domain/crm/mapping.ts';
export type { PipelineEvent } from '../lambdas/domain/event/event.ts';
export { GenesysCrmPipeline } from './genesys-crm-pipeline.ts';
export { ConfigError, type ConfigProblem, type PipelineProps } from './pipeline-config.ts';
