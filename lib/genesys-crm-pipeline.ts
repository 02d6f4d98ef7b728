/**
 * The pipeline as a construct, for your own CDK app. One to a stack: its outputs have fixed names.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Dashboard } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { SIGNATURE_PROFILES } from '../lambdas/domain/delivery/signature-profiles.ts';
import { secretKnownAfterMs } from '../lambdas/domain/limit-arithmetic.ts';
import { DeliveryArchive } from './delivery-archive.ts';
import { IngestFunction } from './ingest-function.ts';
import { MessageQueues } from './message-queues.ts';
import { Monitoring } from './monitoring/monitoring.ts';
import { OperationsWidget } from './monitoring/operations-widget.ts';
import { PartnerEventBus } from './partner-event-bus.ts';
import { type PipelineConfig, type PipelineProps, readPipelineConfig } from './pipeline-config.ts';
import { PipelineSecrets } from './pipeline-secrets.ts';
import { ProcessorFunction } from './processor-function.ts';
import { RedriveFunction } from './redrive-function.ts';
import { StateTable } from './state-table.ts';
import { storageKey } from './storage-key.ts';
import { WebhookApi } from './webhook-api.ts';

/**
 * Everything the pipeline consists of, from a checked configuration. Looks nothing up; needs one
 * deployment.
 */
export class ConfiguredPipeline extends Construct {
  readonly deliveryQueue: Queue;
  readonly quarantine: Queue;
  readonly stateTable: Table;
  /** Alarms notify this topic. */
  readonly alarmTopic: ITopic;
  readonly dashboard: Dashboard;
  readonly crmTokenSecret: Secret;
  /** Every delivery of the last days; undefined without `archive.days`. */
  readonly archiveBucket: Bucket | undefined;
  /** URL of the webhook for Genesys Cloud. */
  readonly webhookUrl: string;

  constructor(scope: Construct, id: string, config: PipelineConfig) {
    super(scope, id);
    const encryptionKey = storageKey(this, config);
    const queues = new MessageQueues(this, 'Queues', config);
    const state = new StateTable(this, 'State', config);
    const secrets = new PipelineSecrets(this, 'Secrets', config);
    const ingest = new IngestFunction(this, 'Ingest', {
      config,
      senderSecrets: secrets.senders,
      deliveryQueue: queues.delivery,
    });
    const archive =
      config.archiveDays === undefined
        ? undefined
        : new DeliveryArchive(this, 'Archive', {
            config,
            days: config.archiveDays,
            deliveryQueue: queues.delivery,
          });
    const processor = new ProcessorFunction(this, 'Processor', {
      config,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      stateTable: state.table,
      crmToken: secrets.crmToken,
      digestKey: secrets.digestKey,
      ...(archive === undefined ? {} : { archive: archive.stream }),
    });
    const bus =
      config.partnerBus === undefined
        ? undefined
        : new PartnerEventBus(this, 'PartnerBus', {
            ...config.partnerBus,
            limits: config.limits,
            ...(encryptionKey === undefined ? {} : { encryptionKey }),
            deliveryQueue: queues.delivery,
          });
    const redrive = new RedriveFunction(this, 'Redrive', {
      config,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      stateTable: state.table,
      ...(bus === undefined ? {} : { partnerDeadLetters: bus.deadLetters }),
    });
    const roles = (...functions: readonly IFunction[]) => functions.flatMap(({ role }) => role ?? []);
    queues.allowSenders(
      {
        delivery: roles(ingest.handler, redrive.handler, ...(archive === undefined ? [] : [archive.replay])),
        quarantine: roles(processor.handler, redrive.handler),
      },
      config.queueSenders,
    );
    const page = new OperationsWidget(this, 'OperationsPage', {
      config,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      stateTable: state.table,
      digestKey: secrets.digestKey,
      redrive: redrive.handler,
    });
    const api = new WebhookApi(this, 'Webhook', { config, ingest: ingest.handler });
    const operations = new Monitoring(this, 'Operations', {
      config,
      api: api.api,
      deliveryQueue: queues.delivery,
      quarantine: queues.quarantine,
      ingest: ingest.handler,
      processor: processor.handler,
      redrive: redrive.handler,
      widgets: [page.widget()],
      hasPartnerBus: bus !== undefined,
      ...(archive === undefined ? {} : { archive: archive.stream }),
    });

    this.deliveryQueue = queues.delivery;
    this.quarantine = queues.quarantine;
    this.stateTable = state.table;
    this.alarmTopic = operations.topic;
    this.dashboard = operations.dashboard;
    this.crmTokenSecret = secrets.crmToken;
    this.archiveBucket = archive?.bucket;
    this.webhookUrl = api.urlOf(SIGNATURE_PROFILES['genesys-webhook']);

    // Commands with `--stack` find outputs by these names, wherever in the stack the construct is.
    const output = (id: string, description: string, value: string) =>
      new CfnOutput(this, id, { description, value }).overrideLogicalId(id);
    for (const profile of config.profiles) {
      const { name, label: called, stack } = profile;
      const secretArn = secrets.senders[name]?.secretArn ?? '';
      output(stack.urlOutput, `Paste into Genesys Cloud as the webhook URL of the ${called}`, api.urlOf(profile));
      output(`${stack.secretId}Arn`, `Its value goes into Genesys Cloud as the secret of the ${called}`, secretArn);
    }
    output('CrmTokenSecretArn', 'Put the CRM’s bearer token in here', secrets.crmToken.secretArn);
    output(
      'DigestKeySecretArn',
      'The key of the digests of ordering keys: npm run event -- --contact reads it. Never change it',
      secrets.digestKey.secretArn,
    );
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
    output('AlarmTopicArn', 'Alarms notify this topic: subscribe the engineers on call', operations.topic.topicArn);
    output('DashboardName', 'The dashboard', operations.dashboard.dashboardName);
    if (archive !== undefined) {
      output('ArchiveBucketName', 'Every delivery, for npm run replay', archive.bucket.bucketName);
      output('ReplayFunctionName', 'The replay function: npm run replay -- --stack', archive.replay.functionName);
    }
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
      'The operations page, a widget of the dashboard: its viewers may invoke this',
      page.view.functionName,
    );
    output(
      'OperationsActFunctionName',
      'The same page with the right to redrive: operators may invoke this, too',
      page.act.functionName,
    );
    if (api.domainTarget !== undefined) output('DomainTarget', 'Point the domain’s DNS record here', api.domainTarget);
    if (api.domainZoneId !== undefined)
      output('DomainHostedZoneId', 'The hosted zone of DomainTarget, for an alias record', api.domainZoneId);
  }
}

/**
 * The pipeline, configured by properties with the names of the configuration keys: `crm.baseUrl` is
 * `crm: { baseUrl }`. The stack's name is taken from the stack. Throws a `ConfigError` that names
 * everything that is wrong.
 */
export class GenesysCrmPipeline extends ConfiguredPipeline {
  constructor(scope: Construct, id: string, props: PipelineProps) {
    // Properties that are undefined are left out, as JSON does.
    const given = JSON.parse(JSON.stringify(props)) as Readonly<Record<string, unknown>>;
    super(scope, id, readPipelineConfig({ ...given, stackName: Stack.of(scope).stackName }));
  }
}
