/** The whole pipeline, put together. Owns no resource itself. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { IngestFunction } from './ingest-function.ts';
import { MessageQueues } from './message-queues.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import { PipelineSecrets } from './pipeline-secrets.ts';
import { ProcessorFunction } from './processor-function.ts';
import { RedriveFunction } from './redrive-function.ts';
import { StateTable } from './state-table.ts';
import { WebhookApi } from './webhook-api.ts';

/** Deploys into any account and region: nothing is looked up, nothing needs a second pass. */
export class WebhookPipelineStack extends Stack {
  constructor(scope: Construct, config: PipelineConfig) {
    super(scope, config.stackName, {
      description: 'Genesys Cloud events into the CRM: none lost, none applied twice',
      terminationProtection: false,
    });
    const queues = new MessageQueues(this, 'Queues', config);
    const state = new StateTable(this, 'State', config);
    const secrets = new PipelineSecrets(this, 'Secrets');
    const ingest = new IngestFunction(this, 'Ingest', {
      config,
      streamSecret: secrets.streamSecret,
      deliveryQueue: queues.delivery,
    });
    const processor = new ProcessorFunction(this, 'Processor', {
      config,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      stateTable: state.table,
      crmToken: secrets.crmToken,
    });
    const redrive = new RedriveFunction(this, 'Redrive', {
      config,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      stateTable: state.table,
    });
    const api = new WebhookApi(this, 'Webhook', { config, ingest: ingest.handler });

    const output = (id: string, description: string, value: string) => new CfnOutput(this, id, { description, value });
    output('WebhookUrl', 'Paste into Genesys Cloud as the webhook URL of the stream', api.webhookUrl);
    output(
      'StreamSecretArn',
      'Its value goes into Genesys Cloud as the secret of the stream',
      secrets.streamSecret.secretArn,
    );
    output('CrmTokenSecretArn', 'Put the CRM’s bearer token in here', secrets.crmToken.secretArn);
    output('DeliveryQueueUrl', 'The delivery queue', queues.delivery.queueUrl);
    output(
      'QuarantineUrl',
      'The dead-letter queue: what waits for a person or a dependency',
      queues.quarantine.queueUrl,
    );
    output('StateTableName', 'The state table', state.table.tableName);
    output('IngestFunctionName', 'The ingest function', ingest.handler.functionName);
    output('ProcessorFunctionName', 'The processor function', processor.handler.functionName);
    output(
      'RedriveFunctionName',
      'The redrive function: npm run redrive -- --function <name>',
      redrive.handler.functionName,
    );
    if (api.domainTarget !== undefined) output('DomainTarget', 'Point the domain’s DNS record here', api.domainTarget);
  }
}
