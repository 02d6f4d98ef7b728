/**
 * The CDK app: one stack, configured from the context. `npx cdk synth -c
 * crm.baseUrl=https://crm.example.com`
 */
import { Annotations, App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ConfigError, readPipelineConfig, stackNameIn } from '../lib/pipeline-config.ts';
import { WebhookPipelineStack } from '../lib/webhook-pipeline-stack.ts';

const app = new App({ analyticsReporting: false });
const context = app.node.getAllContext();
try {
  new WebhookPipelineStack(app, readPipelineConfig(context));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  // The CDK CLI also runs the app for `bootstrap`, `list` and `destroy`, which need no
  // configuration. An error on the stack fails only its synthesis.
  const stack = new Stack(app, stackNameIn(context));
  Annotations.of(stack).addError(error.message);
  Validations.of(stack).acknowledge({ id: 'CloudFormation-Validate::F0001', reason: 'It is empty: see its error.' });
}
app.synth();
