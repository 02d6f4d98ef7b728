import { describe, expect, it } from '@jest/globals';
import { resolveTemplate, type Template, type TemplateContext } from '../../local/cloudformation/template.ts';

const SURROUNDINGS: TemplateContext = {
  stackName: 'Stack',
  sqsEndpoint: 'http://127.0.0.1:1001',
  apiEndpoint: 'http://127.0.0.1:3000',
  assetDirectory: (objectKey) => (objectKey === 'abc.zip' ? '/assembly/asset.abc' : undefined),
};

function resolve(resources: Template['Resources'], parameters: Template['Parameters'] = {}) {
  return resolveTemplate({ Resources: resources, Parameters: parameters }, SURROUNDINGS);
}

/** Placeholders of `Fn::Sub`. */
function placeholder(name: string): string {
  return `\${${name}}`;
}

const QUEUES = {
  Quarantine: { Type: 'AWS::SQS::Queue', Properties: { MessageRetentionPeriod: 1_209_600 } },
  Delivery: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: { 'Fn::Join': ['-', [{ Ref: 'AWS::StackName' }, 'delivery']] },
      VisibilityTimeout: '180',
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['Quarantine', 'Arn'] }, maxReceiveCount: 30 },
    },
  },
};

const FUNCTION = {
  Type: 'AWS::Lambda::Function',
  Properties: {
    Code: { S3Bucket: { 'Fn::Sub': `assets-${placeholder('AWS::AccountId')}` }, S3Key: 'abc.zip' },
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Timeout: 30,
    MemorySize: 512,
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Environment: { Variables: { QUEUE_URL: { Ref: 'Delivery' }, COUNT: 3 } },
  },
};

const ROLE = { Type: 'AWS::IAM::Role', Properties: {} };

describe('queues', () => {
  it('have the template’s attributes, with its dead-letter queue', () => {
    const { queues } = resolve(QUEUES);
    const delivery = queues.find(({ logicalId }) => logicalId === 'Delivery');
    expect(delivery).toMatchObject({
      name: 'Stack-delivery',
      url: 'http://127.0.0.1:1001/000000000000/Stack-delivery',
      attributes: { VisibilityTimeout: '180' },
    });
    expect(JSON.parse(delivery?.attributes.RedrivePolicy ?? '')).toEqual({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:Quarantine',
      maxReceiveCount: 30,
    });
  });
});

describe('functions', () => {
  it('have their bundle, limits and resolved environment', () => {
    const [spec] = resolve({ ...QUEUES, Role: ROLE, Fn: FUNCTION }).functions;
    expect(spec).toMatchObject({
      name: 'Fn',
      file: '/assembly/asset.abc/index.js',
      exportName: 'handler',
      timeoutMs: 30_000,
      memoryMb: 512,
      environment: { QUEUE_URL: 'http://127.0.0.1:1001/000000000000/Stack-delivery', COUNT: '3' },
    });
  });

  it('are refused where their code is not in the assembly', () => {
    const other = { ...FUNCTION, Properties: { ...FUNCTION.Properties, Code: { S3Key: 'other.zip' } } };
    expect(() => resolve({ ...QUEUES, Role: ROLE, Fn: other })).toThrow(/Fn: its code is no asset/);
  });
});

describe('triggers', () => {
  it('lead from the queue, the route and the schedule to the function', () => {
    const stack = resolve({
      ...QUEUES,
      Role: ROLE,
      Fn: FUNCTION,
      Source: {
        Type: 'AWS::Lambda::EventSourceMapping',
        Properties: {
          EventSourceArn: { 'Fn::GetAtt': ['Delivery', 'Arn'] },
          FunctionName: { Ref: 'Fn' },
          BatchSize: 10,
          FunctionResponseTypes: ['ReportBatchItemFailures'],
          ScalingConfig: { MaximumConcurrency: 5 },
        },
      },
      Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'api', ProtocolType: 'HTTP' } },
      Integration: {
        Type: 'AWS::ApiGatewayV2::Integration',
        Properties: {
          ApiId: { Ref: 'Api' },
          IntegrationType: 'AWS_PROXY',
          IntegrationUri: { 'Fn::GetAtt': ['Fn', 'Arn'] },
          PayloadFormatVersion: '2.0',
        },
      },
      Route: {
        Type: 'AWS::ApiGatewayV2::Route',
        Properties: {
          ApiId: { Ref: 'Api' },
          RouteKey: 'POST /hook',
          Target: { 'Fn::Join': ['', ['integrations/', { Ref: 'Integration' }]] },
        },
      },
      Stage: {
        Type: 'AWS::ApiGatewayV2::Stage',
        Properties: {
          ApiId: { Ref: 'Api' },
          StageName: '$default',
          DefaultRouteSettings: { ThrottlingRateLimit: 1_000, ThrottlingBurstLimit: 2_000 },
        },
      },
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          ScheduleExpression: 'rate(5 minutes)',
          Targets: [{ Id: 'T', Arn: { 'Fn::GetAtt': ['Fn', 'Arn'] }, Input: '{"a":1}' }],
        },
      },
    });
    const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:Fn';
    expect(stack.eventSources).toEqual([
      {
        logicalId: 'Source',
        enabled: true,
        queueArn: 'arn:aws:sqs:us-east-1:000000000000:Stack-delivery',
        functionArn,
        batchSize: 10,
        maximumConcurrency: 5,
        reportsBatchItemFailures: true,
      },
    ]);
    expect(stack.routes).toEqual([{ key: 'POST /hook', functionArn }]);
    expect(stack.throttle).toEqual({ ratePerSecond: 1_000, burst: 2_000 });
    expect(stack.schedules).toEqual([{ logicalId: 'Rule', everyMs: 300_000, functionArn, input: { a: 1 } }]);
  });
});

it('ignores the schedule that sets a queue’s redrive-allow policy', () => {
  const Target = { Arn: 'arn:aws:scheduler:::aws-sdk:sqs:setQueueAttributes', RoleArn: 'role', Input: '{}' };
  const Properties = { ScheduleExpression: 'rate(1 hour)', Target };
  const { schedules } = resolve({ OnlySource: { Type: 'AWS::Scheduler::Schedule', Properties } });
  expect(schedules).toEqual([]);
});

describe('an event bus', () => {
  const RULE = {
    EventBusName: { Ref: 'Bus' },
    EventPattern: { source: ['aws.partner/genesys.com/cloud/o/s'], 'detail-type': ['a.{id}.b'] },
    State: 'ENABLED',
    Targets: [{ Id: 'T', Arn: { 'Fn::GetAtt': ['Delivery', 'Arn'] } }],
  };
  const BUS = { Type: 'AWS::Events::EventBus', Properties: { Name: 'a/b', EventSourceName: 'a/b' } };

  it('is known by its name, with a rule into a queue and an archive', () => {
    const { eventBuses, schedules } = resolve({
      ...QUEUES,
      Bus: BUS,
      Rule: { Type: 'AWS::Events::Rule', Properties: RULE },
      Archive: { Type: 'AWS::Events::Archive', Properties: { SourceArn: { 'Fn::GetAtt': ['Bus', 'Arn'] } } },
    });
    expect([eventBuses, schedules]).toEqual([['a/b'], []]);
  });

  it.each([
    [
      'into what is no queue',
      { Targets: [{ Id: 'T', Arn: 'arn:aws:lambda:us-east-1:0:function:f' }] },
      /must be an SQS/,
    ],
    [
      'that changes the event on its way',
      { Targets: [{ ...RULE.Targets[0], InputPath: '$.detail' }] },
      /Rule: .*InputPath/,
    ],
  ])('is refused with a rule %s', (_what, changes, message) => {
    const rule = { Type: 'AWS::Events::Rule', Properties: { ...RULE, ...changes } };
    expect(() => resolve({ ...QUEUES, Bus: BUS, Rule: rule })).toThrow(message);
  });
});

describe('what is not known', () => {
  it.each([
    ['a type', { X: { Type: 'AWS::Kinesis::Stream' } }, /X: .*AWS::Kinesis::Stream/],
    ['a property', { X: { Type: 'AWS::SQS::Queue', Properties: { FifoQueue: true } } }, /X: .*FifoQueue/],
    [
      'a resource',
      { X: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: { Ref: 'Y' } } } },
      /Y is no resource/,
    ],
    ['a function', { X: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: { 'Fn::If': [] } } } }, /Fn::If/],
    [
      'a schedule',
      { X: { Type: 'AWS::Events::Rule', Properties: { ScheduleExpression: 'cron(0 3 * * ? *)', Targets: [] } } },
      /rate\(…\) schedules, not cron/,
    ],
    [
      'an event pattern',
      { X: { Type: 'AWS::Events::Rule', Properties: { EventPattern: {}, Targets: [] } } },
      /schedule/,
    ],
  ])('is refused by name: %s', (_what, resources, message) => {
    expect(() => resolve(resources as Template['Resources'])).toThrow(message);
  });

  it('is passed over where it means nothing on one machine', () => {
    expect(resolve({ Role: ROLE, Meta: { Type: 'AWS::CDK::Metadata' } }).functions).toEqual([]);
  });
});

describe('intrinsic functions', () => {
  it('are carried out, parameters and NoValue among them', () => {
    const { secrets } = resolve(
      {
        S: {
          Type: 'AWS::SecretsManager::Secret',
          Properties: {
            Name: { 'Fn::Select': [1, { 'Fn::Split': ['/', 'a/b'] }] },
            Description: { Ref: 'AWS::NoValue' },
            SecretString: {
              'Fn::Sub': [
                `${placeholder('P')}-${placeholder('Own')}-${placeholder('!Literal')}-${placeholder('AWS::Region')}`,
                { Own: 'own' },
              ],
            },
          },
        },
      },
      { P: { Default: 'p' } },
    );
    expect(secrets).toEqual([
      {
        logicalId: 'S',
        name: 'b',
        arn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:b-local0',
        value: `p-own-${placeholder('Literal')}-us-east-1`,
      },
    ]);
  });
});
