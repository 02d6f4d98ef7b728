/** The stack that `cdk deploy` deploys: the pipeline and nothing else. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ConfiguredPipeline } from './genesys-crm-pipeline.ts';
import type { PipelineConfig } from './pipeline-config.ts';

/** Takes CDK's stack properties: environment, tags, termination protection. */
export class WebhookPipelineStack extends Stack {
  readonly pipeline: ConfiguredPipeline;

  constructor(scope: Construct, config: PipelineConfig, props: StackProps = {}) {
    super(scope, config.stackName, {
      description: 'Genesys Cloud events into the CRM: none lost, none applied twice',
      ...props,
    });
    // `Default` adds nothing to logical ids: they are those of stacks that were deployed before the
    // construct existed.
    this.pipeline = new ConfiguredPipeline(this, 'Default', config);
  }
}
