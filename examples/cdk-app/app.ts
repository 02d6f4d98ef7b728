import { App, Stack, Tags } from 'aws-cdk-lib';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { GenesysCrmPipeline } from 'genesys-crm-pipeline';

const app = new App();
const stack = new Stack(app, 'Contacts', { terminationProtection: true });
const pipeline = new GenesysCrmPipeline(stack, 'Pipeline', {
  crm: { baseUrl: 'https://crm.example.com' },
  mapping: { file: 'mapping.ts' },
  processor: { memoryMb: 256 },
  limits: { processorConcurrency: 10 },
});
pipeline.alarmTopic.addSubscription(new EmailSubscription('on-call@example.com'));
Tags.of(stack).add('team', 'crm');
