/** The CDK app: one stack, configured from the context. `npx cdk synth -c crm.baseUrl=https://crm.example.com` */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ConfigError, readPipelineConfig } from '../lib/pipeline-config.ts';
import { WebhookPipelineStack } from '../lib/webhook-pipeline-stack.ts';

const app = new App({ analyticsReporting: false });
try {
  new WebhookPipelineStack(app, readPipelineConfig(app.node.getAllContext()));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  app.synth();
} catch (error) {
  // A wrong configuration is the user's to mend: told plainly, without a stack trace.
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`\n${error.message}\n\n`);
  process.exitCode = 1;
}
