/** The whole pipeline, put together. Owns no resource itself. */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { secretKnownAfterMs } from '../lambdas/domain/limits.ts';
import { IngestFunction } from './ingest-function.ts';
import { MessageQueues } from './message-queues.ts';
import { Operations } from './operations.ts';
import { OperationsWidget } from './operations-widget.ts';
import { PartnerEventBus } from './partner-event-bus.ts';
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
    const secrets = new PipelineSecrets(this, 'Secrets', config);
    const ingest = new IngestFunction(this, 'Ingest', {
      config,
      senderSecrets: secrets.senders,
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
    const page = new OperationsWidget(this, 'OperationsPage', {
      config,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      stateTable: state.table,
      redrive: redrive.handler,
    });
    const api = new WebhookApi(this, 'Webhook', { config, ingest: ingest.handler });
    const bus =
      config.partnerBus === undefined
        ? undefined
        : new PartnerEventBus(this, 'PartnerBus', {
            ...config.partnerBus,
            limits: config.limits,
            deliveryQueue: queues.delivery,
          });
    const operations = new Operations(this, 'Operations', {
      config,
      api: api.api,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      ingest: ingest.handler,
      processor: processor.handler,
      redrive: redrive.handler,
      widgets: [page.widget()],
      ...(bus === undefined ? {} : { partnerDeadLetters: bus.deadLetters }),
    });

    const output = (id: string, description: string, value: string) => new CfnOutput(this, id, { description, value });
    for (const profile of config.profiles) {
      const { name, called, stack } = profile;
      const secretArn = secrets.senders[name]?.secretArn ?? '';
      output(stack.urlOutput, `Paste into Genesys Cloud as the webhook URL of the ${called}`, api.urlOf(profile));
      output(`${stack.secretId}Arn`, `Its value goes into Genesys Cloud as the secret of the ${called}`, secretArn);
    }
    output('CrmTokenSecretArn', 'Put the CRM’s bearer token in here', secrets.crmToken.secretArn);
    output('DeliveryQueueUrl', 'The delivery queue', queues.delivery.queueUrl);
    output(
      'QuarantineUrl',
      'The dead-letter queue: what waits for a person or a dependency',
      queues.quarantine.queueUrl,
    );
    output('StateTableName', 'The state table', state.table.tableName);
    output('IngestFunctionName', 'The ingest function', ingest.handler.functionName);
    output('IngestLogGroupName', 'The log of the ingest function', ingest.logGroupName);
    output(
      'StreamSecretKnownAfterMs',
      'How long ingest may take to know a new version of the stream secret, in milliseconds',
      String(secretKnownAfterMs(config.limits)),
    );
    output('ProcessorFunctionName', 'The processor function', processor.handler.functionName);
    output(
      'RedriveFunctionName',
      'The redrive function: npm run redrive -- --function <name>',
      redrive.handler.functionName,
    );
    output('AlarmTopicArn', 'Where alarms are told: subscribe whoever is on call', operations.topic.topicArn);
    output('DashboardName', 'The dashboard', operations.dashboardName);
    if (bus !== undefined) {
      output(
        'PartnerDeadLettersUrl',
        'Events that EventBridge could not put into the delivery queue',
        bus.deadLetters.queueUrl,
      );
      output('PartnerArchiveArn', 'The archive to replay them from', bus.archive.archiveArn);
      output('PartnerBusArn', 'The event bus to replay them to', bus.bus.eventBusArn);
    }
    output(
      'OperationsViewFunctionName',
      'The operations page, a widget of the dashboard: whoever looks at it may invoke this',
      page.view.functionName,
    );
    output(
      'OperationsActFunctionName',
      'The same page with the right to redrive: whoever operates may invoke this, too',
      page.act.functionName,
    );
    if (api.domainTarget !== undefined) output('DomainTarget', 'Point the domain’s DNS record here', api.domainTarget);
  }
}
