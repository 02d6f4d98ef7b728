/** Intent of the stack, as assertions on its template. */

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { asText, only, synthesized } from './synthesized.ts';

let template: Template;

beforeAll(() => {
  template = synthesized();
});

describe('the queues', () => {
  it('give the processor six timeouts, and move to quarantine only what was received three hundred times', () => {
    const { Properties } = only(template, 'AWS::SQS::Queue', 'QueuesDelivery');
    expect(Properties).toMatchObject({
      VisibilityTimeout: 180,
      MessageRetentionPeriod: 4 * 86_400,
      MaximumMessageSize: 1_048_576,
      SqsManagedSseEnabled: true,
      RedrivePolicy: { maxReceiveCount: 300 },
    });
    const { deadLetterTargetArn } = Properties.RedrivePolicy as { readonly deadLetterTargetArn: unknown };
    expect(asText(deadLetterTargetArn)).toBe('<QueuesQuarantine.Arn>');
    expect(Properties).not.toHaveProperty('DelaySeconds');
  });

  it('keep quarantine for as long as SQS keeps anything', () => {
    expect(only(template, 'AWS::SQS::Queue', 'QueuesQuarantine').Properties).toMatchObject({
      MessageRetentionPeriod: 14 * 86_400,
      MaximumMessageSize: 1_048_576,
      SqsManagedSseEnabled: true,
    });
  });

  it('without a name set the delivery queue as the one source of quarantine every hour', () => {
    const { ScheduleExpression, State, Target } = only(template, 'AWS::Scheduler::Schedule').Properties;
    expect([ScheduleExpression, State]).toEqual(['rate(1 hour)', 'ENABLED']);
    const { Arn, Input, RoleArn } = Target as Readonly<Record<string, unknown>>;
    expect(asText(Arn)).toBe('arn:<AWS::Partition>:scheduler:::aws-sdk:sqs:setQueueAttributes');
    expect(asText(RoleArn)).toMatch(/^<SchedulerRoleForTarget\w+\.Arn>$/);
    const { QueueUrl, Attributes } = JSON.parse(asText(Input)) as {
      readonly QueueUrl: string;
      readonly Attributes: Readonly<Record<string, string>>;
    };
    expect([QueueUrl, Object.keys(Attributes)]).toEqual(['<QueuesQuarantine>', ['RedriveAllowPolicy']]);
    expect(JSON.parse(Attributes.RedriveAllowPolicy ?? '')).toEqual({
      redrivePermission: 'byQueue',
      sourceQueueArns: ['<QueuesDelivery.Arn>'],
    });
  });

  it.each(['QueuesDelivery', 'QueuesQuarantine'])('refuse to be talked to without TLS: %s', (queue) => {
    const { Properties } = only(template, 'AWS::SQS::QueuePolicy', queue);
    expect(Properties.PolicyDocument).toMatchObject({
      Statement: [
        {
          Effect: 'Deny',
          Action: 'sqs:*',
          Principal: { AWS: '*' },
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
        { Sid: 'OnlyKnownSenders' },
      ],
    });
    expect((Properties.Queues as unknown[]).map(asText)).toEqual([`<${queue}>`]);
  });
});

describe('who may send to the queues', () => {
  const senderRule = (of: Template, queue: string) => {
    const { PolicyDocument } = only(of, 'AWS::SQS::QueuePolicy', queue).Properties;
    const { Statement } = PolicyDocument as { readonly Statement: readonly Readonly<Record<string, unknown>>[] };
    const { Effect, Action, Principal, Condition } = Statement.find(({ Sid }) => Sid === 'OnlyKnownSenders') ?? {};
    const { ArnNotLike, ...others } = Condition as { readonly ArnNotLike: Readonly<Record<string, unknown[]>> };
    return { Effect, Action, Principal, others, senders: ArnNotLike['aws:PrincipalArn']?.map(asText) };
  };

  it.each([
    ['QueuesDelivery', ['<IngestFunctionRole.Arn>', '<RedriveFunctionRole.Arn>']],
    ['QueuesQuarantine', ['<ProcessorFunctionRole.Arn>', '<RedriveFunctionRole.Arn>']],
  ])('%s: the stack’s own roles', (queue, senders) => {
    expect(senderRule(template, queue)).toEqual({
      Effect: 'Deny',
      Action: 'sqs:SendMessage',
      Principal: { AWS: '*' },
      // EventBridge has no principal ARN; the queue’s policy lets in its one rule.
      others: { Bool: { 'aws:PrincipalIsAWSService': 'false' } },
      senders,
    });
  });

  it('and who is configured; with a name the delivery queue is the one source of quarantine', () => {
    const operator = 'arn:aws:iam::123456789012:role/operator';
    const configured = synthesized({ 'queues.senders': operator, 'names.deliveryQueue': 'contacts-delivery' });
    for (const queue of ['QueuesDelivery', 'QueuesQuarantine'])
      expect(senderRule(configured, queue).senders?.[2]).toBe(operator);
    const { RedriveAllowPolicy } = only(configured, 'AWS::SQS::Queue', 'QueuesQuarantine').Properties;
    const { redrivePermission, sourceQueueArns } = RedriveAllowPolicy as Readonly<Record<string, unknown>>;
    expect(redrivePermission).toBe('byQueue');
    expect((sourceQueueArns as unknown[]).map(asText)).toEqual([
      'arn:<AWS::Partition>:sqs:<AWS::Region>:<AWS::AccountId>:contacts-delivery',
    ]);
    configured.resourceCountIs('AWS::Scheduler::Schedule', 0);
  });
});

describe('the state table', () => {
  it('is keyed by pk, paid for by request, restorable, and forgets only by expiresAt', () => {
    const { Properties } = only(template, 'AWS::DynamoDB::Table');
    expect(Properties).toMatchObject({
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      DeletionProtectionEnabled: true,
    });
  });

  it('lists what is in quarantine by reason and time', () => {
    expect(only(template, 'AWS::DynamoDB::Table').Properties.GlobalSecondaryIndexes).toEqual([
      {
        IndexName: 'quarantine-by-reason',
        KeySchema: [
          { AttributeName: 'reason', KeyType: 'HASH' },
          { AttributeName: 'settledAtMs', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ]);
  });
});

describe('the secrets', () => {
  it('make a stream secret of 64 hex digits', () => {
    const { GenerateSecretString: rules } = only(template, 'AWS::SecretsManager::Secret', 'SecretsStream').Properties;
    const { ExcludeCharacters, ...others } = rules as { readonly ExcludeCharacters: string };
    expect(others).toEqual({
      PasswordLength: 64,
      ExcludeUppercase: true,
      ExcludePunctuation: true,
      IncludeSpace: false,
      RequireEachIncludedType: false,
    });
    const left = [...'abcdefghijklmnopqrstuvwxyz0123456789'].filter((digit) => !ExcludeCharacters.includes(digit));
    expect(left.join('')).toBe('abcdef0123456789');
  });

  it('have a digest key that no later version may generate again', () => {
    const [logicalId] = Object.keys(template.findResources('AWS::SecretsManager::Secret')).filter((id) =>
      id.startsWith('SecretsDigestKey'),
    );
    // CloudFormation generates another value if one of these changes, and every contact would get a
    // new row.
    expect(logicalId).toBe('SecretsDigestKey346DE383');
    const { GenerateSecretString: rules } = only(template, 'AWS::SecretsManager::Secret', 'SecretsDigest').Properties;
    expect(rules).toEqual({
      ExcludeCharacters: 'ghijklmnopqrstuvwxyz',
      PasswordLength: 64,
      ExcludeUppercase: true,
      ExcludePunctuation: true,
      IncludeSpace: false,
      RequireEachIncludedType: false,
    });
    expect(template.findResources('AWS::SecretsManager::RotationSchedule')).toEqual({});
  });

  it('wait for the CRM’s token with a placeholder that the processor knows', () => {
    expect(only(template, 'AWS::SecretsManager::Secret', 'SecretsCrm').Properties.SecretString).toBe(
      'PASTE_THE_CRM_TOKEN_HERE',
    );
  });
});

describe('the functions', () => {
  it.each([
    ['Ingest', 8],
    ['Processor', 30],
    ['Redrive', 900],
  ])('%s: Node 24 on arm64, with %d s', (name, timeout) => {
    expect(only(template, 'AWS::Lambda::Function', name).Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: timeout,
      MemorySize: 512,
      LoggingConfig: { LogFormat: 'JSON', SystemLogLevel: 'WARN' },
    });
    const { LoggingConfig } = only(template, 'AWS::Lambda::Function', name).Properties;
    expect(asText((LoggingConfig as { readonly LogGroup: unknown }).LogGroup)).toBe(`<${name}FunctionLogs>`);
  });

  it('keep every log for thirty days', () => {
    const groups = Object.values(template.findResources('AWS::Logs::LogGroup'));
    expect(groups.map(({ Properties }) => (Properties as { RetentionInDays: number }).RetentionInDays)).toEqual([
      30, 30, 30, 30, 30, 30,
    ]);
  });

  it('are fed ten messages at a time by at most five pollers, and say which of them failed', () => {
    const { Properties } = only(template, 'AWS::Lambda::EventSourceMapping');
    expect(Properties).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
    expect(asText(Properties.EventSourceArn)).toBe('<QueuesDelivery.Arn>');
    expect(asText(Properties.FunctionName)).toBe('<ProcessorFunction>');
  });
});

describe('the schedules', () => {
  it.each([
    ['RedriveRecovery', 'rate(1 minute)', { action: 'recover' }],
    ['RedriveObservation', 'rate(1 minute)', { action: 'observe' }],
    ['RedriveRefresh', 'rate(6 hours)', { action: 'refresh' }],
  ])('%s: %s', (name, rate, request) => {
    const { Properties } = only(template, 'AWS::Events::Rule', name);
    expect(Properties).toMatchObject({ ScheduleExpression: rate, State: 'ENABLED' });
    const [target, ...others] = Properties.Targets as readonly { readonly Arn: unknown; readonly Input: string }[];
    expect(others).toEqual([]);
    expect(asText(target?.Arn)).toBe('<RedriveFunction.Arn>');
    expect(JSON.parse(target?.Input ?? '')).toEqual(request);
  });

  it('do not try a run again that has failed: the next one is due anyway', () => {
    for (const { Properties } of Object.values(template.findResources('AWS::Events::Rule'))) {
      const { Targets } = Properties as { readonly Targets: readonly { readonly RetryPolicy: unknown }[] };
      expect(Targets[0]?.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    }
    const { Properties } = only(template, 'AWS::Lambda::EventInvokeConfig');
    expect(Properties).toMatchObject({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    expect(asText(Properties.FunctionName)).toBe('<RedriveFunction>');
  });

  it('and redrives are no loop that Lambda is to break', () => {
    // Allowed because the pipeline limits each path: docs/architecture.md, "What ends a loop".
    for (const name of ['Processor', 'Redrive'])
      expect(only(template, 'AWS::Lambda::Function', name).Properties.RecursiveLoop).toBe('Allow');
  });
});

describe('the API', () => {
  it('has one route, which leads to ingest', () => {
    expect(only(template, 'AWS::ApiGatewayV2::Route').Properties).toMatchObject({
      RouteKey: 'POST /v1/eventbridge/genesys',
      AuthorizationType: 'NONE',
    });
    const { Properties } = only(template, 'AWS::ApiGatewayV2::Integration');
    expect(Properties).toMatchObject({
      IntegrationType: 'AWS_PROXY',
      PayloadFormatVersion: '2.0',
      // A second more than the function has: its own answer is the better one.
      TimeoutInMillis: 9_000,
    });
    expect(asText(Properties.IntegrationUri)).toBe('<IngestFunction.Arn>');
  });

  it('is throttled above a five-fold storm of ten thousand events a minute', () => {
    expect(only(template, 'AWS::ApiGatewayV2::Stage').Properties).toMatchObject({
      StageName: '$default',
      AutoDeploy: true,
      DefaultRouteSettings: { ThrottlingRateLimit: 1_000, ThrottlingBurstLimit: 2_000 },
    });
    expect(1_000).toBeGreaterThan((5 * 10_000) / 60);
  });

  it('logs each access, without bodies, headers or queries', () => {
    const { AccessLogSettings } = only(template, 'AWS::ApiGatewayV2::Stage').Properties;
    const { Format, DestinationArn } = AccessLogSettings as {
      readonly Format: string;
      readonly DestinationArn: unknown;
    };
    expect(asText(DestinationArn)).toBe('<WebhookAccessLogs.Arn>');
    expect(only(template, 'AWS::Logs::LogGroup', 'WebhookAccessLogs').Properties.LogGroupName).toBe(
      '/aws/vendedlogs/apigateway/GenesysCrmPipeline-webhook',
    );
    expect(Object.values(JSON.parse(Format) as Record<string, string>).sort()).toEqual([
      '$context.httpMethod',
      '$context.identity.sourceIp',
      '$context.integrationErrorMessage',
      '$context.integrationLatency',
      '$context.path',
      '$context.requestId',
      '$context.requestTime',
      '$context.responseLatency',
      '$context.responseLength',
      '$context.status',
    ]);
  });
});

describe('the stack', () => {
  it('leaves queues, table and secrets behind when it is deleted, and only the table when its creation fails', () => {
    const resources = template.toJSON().Resources as Record<
      string,
      { Type: string; DeletionPolicy?: string; UpdateReplacePolicy?: string }
    >;
    const kept = Object.values(resources).filter(({ DeletionPolicy }) => DeletionPolicy?.startsWith('Retain'));
    const rules = kept.map(
      ({ Type, DeletionPolicy, UpdateReplacePolicy }) => `${Type} ${DeletionPolicy} ${UpdateReplacePolicy}`,
    );
    expect(rules.sort()).toEqual([
      // A protected table that the rollback tried to delete would leave the stack in
      // ROLLBACK_FAILED.
      'AWS::DynamoDB::Table Retain Retain',
      'AWS::SQS::Queue RetainExceptOnCreate Retain',
      'AWS::SQS::Queue RetainExceptOnCreate Retain',
      'AWS::SecretsManager::Secret RetainExceptOnCreate Retain',
      'AWS::SecretsManager::Secret RetainExceptOnCreate Retain',
      'AWS::SecretsManager::Secret RetainExceptOnCreate Retain',
    ]);
  });

  it('says what to paste where', () => {
    const outputs = template.toJSON().Outputs as Record<string, { readonly Value: unknown }>;
    expect(Object.fromEntries(Object.entries(outputs).map(([name, { Value }]) => [name, asText(Value)]))).toEqual({
      WebhookUrl: '<WebhookHttpApi.ApiEndpoint>/v1/eventbridge/genesys',
      StreamSecretArn: '<SecretsStreamSecret>',
      CrmTokenSecretArn: '<SecretsCrmToken>',
      DigestKeySecretArn: '<SecretsDigestKey>',
      DeliveryQueueUrl: '<QueuesDelivery>',
      QuarantineUrl: '<QueuesQuarantine>',
      StateTableName: '<StateTable>',
      IngestFunctionName: '<IngestFunction>',
      ProcessorFunctionName: '<ProcessorFunction>',
      RedriveFunctionName: '<RedriveFunction>',
      AlarmTopicArn: '<OperationsTopic>',
      DashboardName: '<OperationsDashboard>',
      IngestLogGroupName: '<IngestFunctionLogs>',
      StreamSecretKnownAfterMs: '337000',
      OperationsViewFunctionName: '<OperationsPageView>',
      OperationsActFunctionName: '<OperationsPageAct>',
    });
  });

  it('has no entrance but the webhook’s that nobody has asked for', () => {
    const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(
      ({ Type }) => Type,
    );
    expect(types.filter((type) => /::Route$|::Events::(EventBus|Archive)$/.test(type))).toEqual([
      'AWS::ApiGatewayV2::Route',
    ]);
    expect(types.filter((type) => type === 'AWS::SecretsManager::Secret')).toHaveLength(3);
  });

  it('needs nothing that plain CloudFormation in a bootstrapped account does not have', () => {
    const { Parameters } = template.toJSON() as { readonly Parameters: object };
    expect(Object.keys(Parameters)).toEqual(['BootstrapVersion']);
    const types = Object.values(template.toJSON().Resources as Record<string, { Type: string }>).map(
      ({ Type }) => Type,
    );
    // No custom resource: each would be a function, and a second pass, of its own.
    expect(types.filter((type) => /^Custom::|CloudFormation/.test(type))).toEqual([]);
    expect(JSON.stringify(template.toJSON())).not.toMatch(/\d{12}:|us-east-1/);
  });
});

describe('a stack that is configured', () => {
  it.each([
    ['keeps the default endpoint until its domain is known to work', {}, false],
    ['disables the default endpoint when asked to', { 'domain.only': 'true' }, true],
  ])('with a domain of its own, %s', (_what, context, disabled) => {
    const configured = synthesized({
      ...context,
      'domain.name': 'hooks.example.com',
      'domain.certificateArn': 'arn:aws:acm:eu-central-1:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000',
    });
    expect(only(configured, 'AWS::ApiGatewayV2::DomainName').Properties).toMatchObject({
      DomainName: 'hooks.example.com',
    });
    expect(only(configured, 'AWS::ApiGatewayV2::ApiMapping').Properties.ApiMappingKey).toBeUndefined();
    expect(only(configured, 'AWS::ApiGatewayV2::Api').Properties.DisableExecuteApiEndpoint).toBe(disabled);
    const outputs = configured.toJSON().Outputs as Record<string, { readonly Value: unknown }>;
    expect(asText(outputs.WebhookUrl?.Value)).toBe('https://<WebhookDomain>/v1/eventbridge/genesys');
    expect(asText(outputs.DomainTarget?.Value)).toBe('<WebhookDomain.RegionalDomainName>');
    expect(asText(outputs.DomainHostedZoneId?.Value)).toBe('<WebhookDomain.RegionalHostedZoneId>');
  });

  it('takes names, capacity, memory, retention and limits from its context', () => {
    const configured = synthesized({
      stackName: 'Contacts',
      'names.table': 'contacts-state',
      'names.deliveryQueue': 'contacts-delivery',
      'names.quarantine': 'contacts-quarantine',
      'table.readUnits': '50',
      'table.writeUnits': '100',
      'ingest.memoryMb': '1024',
      'processor.memoryMb': '256',
      'redrive.memoryMb': '1769',
      'logs.retentionDays': '90',
      'limits.processorConcurrency': '20',
      'limits.maxReceiveCount': '40',
      'limits.apiThrottleRate': '2000',
      'processor.batchWindowSeconds': '5',
      'ingest.provisionedConcurrency': '3',
      'ingest.reservedConcurrency': '200',
      'table.indexWriteUnits': '25',
      tracing: 'true',
    });
    expect(only(configured, 'AWS::DynamoDB::Table').Properties).toMatchObject({
      TableName: 'contacts-state',
      ProvisionedThroughput: { ReadCapacityUnits: 50, WriteCapacityUnits: 100 },
      GlobalSecondaryIndexes: [{ ProvisionedThroughput: { ReadCapacityUnits: 50, WriteCapacityUnits: 25 } }],
    });
    expect(only(configured, 'AWS::SQS::Queue', 'QueuesDelivery').Properties).toMatchObject({
      QueueName: 'contacts-delivery',
      RedrivePolicy: { maxReceiveCount: 40 },
    });
    expect(only(configured, 'AWS::SQS::Queue', 'QueuesQuarantine').Properties.QueueName).toBe('contacts-quarantine');
    expect(only(configured, 'AWS::Lambda::Function', 'Ingest').Properties.MemorySize).toBe(1024);
    expect(only(configured, 'AWS::Lambda::Function', 'Processor').Properties.MemorySize).toBe(256);
    expect(only(configured, 'AWS::Lambda::Function', 'Redrive').Properties.MemorySize).toBe(1769);
    expect(only(configured, 'AWS::Logs::LogGroup', 'Webhook').Properties.RetentionInDays).toBe(90);
    expect(only(configured, 'AWS::Lambda::EventSourceMapping').Properties.ScalingConfig).toEqual({
      MaximumConcurrency: 20,
    });
    expect(only(configured, 'AWS::ApiGatewayV2::Stage').Properties.DefaultRouteSettings).toMatchObject({
      ThrottlingRateLimit: 2_000,
    });
    expect(only(configured, 'AWS::Lambda::EventSourceMapping').Properties.MaximumBatchingWindowInSeconds).toBe(5);
    expect(only(configured, 'AWS::Lambda::Function', 'Ingest').Properties).toMatchObject({
      TracingConfig: { Mode: 'Active' },
      ReservedConcurrentExecutions: 200,
    });
    // The API calls the alias: what is kept ready behind it would not be used otherwise.
    expect(only(configured, 'AWS::Lambda::Alias').Properties.ProvisionedConcurrencyConfig).toEqual({
      ProvisionedConcurrentExecutions: 3,
    });
    const { IntegrationUri } = only(configured, 'AWS::ApiGatewayV2::Integration').Properties;
    expect(asText(IntegrationUri)).toMatch(/^<IngestFunctionAliaslive/);
  });
});

describe('a processor in a private network', () => {
  it('has the subnets and security groups, and the right to make network interfaces', () => {
    const network = {
      'processor.subnetIds': 'subnet-0a1b2c3d,subnet-0a1b2c3e',
      'processor.securityGroupIds': 'sg-0a1b2c3d',
    };
    const configured = synthesized(network);
    expect(only(configured, 'AWS::Lambda::Function', 'Processor').Properties.VpcConfig).toEqual({
      SubnetIds: ['subnet-0a1b2c3d', 'subnet-0a1b2c3e'],
      SecurityGroupIds: ['sg-0a1b2c3d'],
    });
    expect(only(configured, 'AWS::Lambda::Function', 'Ingest').Properties.VpcConfig).toBeUndefined();
    expect(JSON.stringify(configured.findResources('AWS::IAM::Policy'))).toContain('ec2:CreateNetworkInterface');
  });
});

describe('with a key of the user', () => {
  it('encrypts queues, table, secrets, logs and topic, and makes no other key', () => {
    const key = 'arn:aws:kms:eu-central-1:123456789012:key/0f0f0f0f-0000-4000-8000-000000000000';
    const configured = synthesized({ 'kms.keyArn': key });
    const valuesOf = (type: string, property: string) =>
      Object.values(configured.findResources(type)).map(
        ({ Properties }) => (Properties as Readonly<Record<string, unknown>>)[property],
      );
    expect(valuesOf('AWS::SQS::Queue', 'KmsMasterKeyId')).toEqual([key, key]);
    expect(only(configured, 'AWS::DynamoDB::Table').Properties.SSESpecification).toEqual({
      SSEEnabled: true,
      SSEType: 'KMS',
      KMSMasterKeyId: key,
    });
    expect(valuesOf('AWS::SecretsManager::Secret', 'KmsKeyId')).toEqual([key, key, key]);
    expect(new Set(valuesOf('AWS::Logs::LogGroup', 'KmsKeyId'))).toEqual(new Set([key]));
    expect(valuesOf('AWS::SNS::Topic', 'KmsMasterKeyId')).toEqual([key]);
    expect(configured.findResources('AWS::KMS::Key')).toEqual({});
  });
});
