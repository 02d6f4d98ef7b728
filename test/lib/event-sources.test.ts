/** The stack with every entrance: the partner event bus, and Open Messaging as a second sender. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { crmMapping } from '../../lambdas/connectors/rest/mapping.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { readIngestEnvironment } from '../../lambdas/ingest/env.ts';
import { PartnerEventBus } from '../../lib/partner-event-bus.ts';
import { DEFAULT_TOPICS } from '../../lib/pipeline-config.ts';
import { asText, only, synthesized } from './synthesized.ts';

const SOURCE = 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts';

let template: Template;

beforeAll(() => {
  template = synthesized({ partnerEventSource: SOURCE, openMessaging: 'true' });
});

describe('the partner event bus', () => {
  it('is bound to the partner event source, and called as it must be', () => {
    expect(only(template, 'AWS::Events::EventBus').Properties).toEqual({ EventSourceName: SOURCE, Name: SOURCE });
  });

  it('puts literal detail-types into the delivery queue, for a day if need be, then into dead letters of its own', () => {
    const { Properties } = only(template, 'AWS::Events::Rule', 'PartnerBus');
    expect(Properties).toMatchObject({
      State: 'ENABLED',
      EventPattern: {
        source: [SOURCE],
        'detail-type': [
          'v2.detail.events.conversation.{id}.customer.start',
          'v2.detail.events.conversation.{id}.customer.end',
        ],
      },
    });
    expect(asText(Properties.EventBusName)).toBe('<PartnerBus>');
    const [target, ...others] = Properties.Targets as Readonly<Record<string, { readonly Arn?: unknown }>>[];
    expect(others).toEqual([]);
    expect(asText(target?.Arn)).toBe('<QueuesDelivery.Arn>');
    expect(asText(target?.DeadLetterConfig?.Arn)).toBe('<PartnerBusDeadLetters.Arn>');
    expect(target?.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
    // The event as it is: what the processor is given has no other form.
    expect(Object.keys(target ?? {}).sort()).toEqual(['Arn', 'DeadLetterConfig', 'Id', 'RetryPolicy']);
  });

  it.each(['QueuesDelivery', 'PartnerBusDeadLetters'])('is let into %s by its one rule only', (queue) => {
    const { PolicyDocument } = only(template, 'AWS::SQS::QueuePolicy', queue).Properties;
    const { Statement } = PolicyDocument as { readonly Statement: readonly Readonly<Record<string, unknown>>[] };
    const [transport, ...rest] = Statement;
    const [rule, ...others] = rest.filter(({ Sid }) => Sid !== 'OnlyKnownSenders');
    expect(transport).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
    expect(rule).toMatchObject({ Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' } });
    const { ArnEquals } = (rule?.Condition ?? {}) as { readonly ArnEquals?: Readonly<Record<string, unknown>> };
    expect(asText(ArnEquals?.['aws:SourceArn'])).toBe('<PartnerBusToDelivery.Arn>');
    expect(others).toEqual([]);
  });

  it('archives what it lets through for longer than its dead letters are kept', () => {
    const { Properties } = only(template, 'AWS::Events::Archive');
    expect(Properties.EventPattern).toEqual(only(template, 'AWS::Events::Rule', 'PartnerBus').Properties.EventPattern);
    expect(asText(Properties.SourceArn)).toBe('<PartnerBus.Arn>');
    const deadLetters = only(template, 'AWS::SQS::Queue', 'PartnerBusDeadLetters');
    expect(deadLetters).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: { MessageRetentionPeriod: 14 * 86_400, MaximumMessageSize: 1_048_576, SqsManagedSseEnabled: true },
    });
    // 14 days in the queue, a day of tries before them, a day to act.
    expect(Properties.RetentionDays).toBe(16);
  });

  it('raises an alarm with the first dead letter', () => {
    const { Properties } = only(template, 'AWS::CloudWatch::Alarm', 'OperationsAlarmsPartnerEventsStuck');
    expect(Properties).toMatchObject({
      Metrics: [
        {
          MetricStat: {
            Metric: {
              Namespace: 'GenesysCrmPipeline',
              MetricName: 'PartnerDeadLetters',
              Dimensions: [{ Name: 'service', Value: 'redrive' }],
            },
            Stat: 'Maximum',
          },
        },
      ],
      Threshold: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      DatapointsToAlarm: 2,
      EvaluationPeriods: 3,
      TreatMissingData: 'ignore',
    });
    const { Environment } = only(template, 'AWS::Lambda::Function', 'Redrive').Properties;
    const { Variables } = Environment as { readonly Variables: Readonly<Record<string, unknown>> };
    expect(asText(Variables.PARTNER_DEAD_LETTERS_URL)).toBe('<PartnerBusDeadLetters>');
  });

  it('says where its dead letters are, and from where to where they are replayed', () => {
    const outputs = template.toJSON().Outputs as Record<string, { readonly Value: unknown }>;
    expect(
      ['PartnerDeadLettersUrl', 'PartnerArchiveArn', 'PartnerBusArn'].map((id) => asText(outputs[id]?.Value)),
    ).toEqual(['<PartnerBusDeadLetters>', '<PartnerBusArchive.Arn>', '<PartnerBus.Arn>']);
  });

  it('lets through what is asked for', () => {
    const topics = ['v2.detail.events.conversation.{id}.acw', 'v2.audits.entitytype.{id}.entityid.{id}'];
    const stack = new Stack();
    const deliveryQueue = new Queue(stack, 'Delivery');
    new PartnerEventBus(stack, 'Bus', { eventSource: SOURCE, topics, deliveryQueue, limits: DEFAULT_LIMITS });
    const { EventPattern } = only(Template.fromStack(stack), 'AWS::Events::Rule').Properties;
    expect(EventPattern).toEqual({ source: [SOURCE], 'detail-type': topics });
  });
});

describe('the topics that are let through by default', () => {
  it('are those that the shipped mapping handles', () => {
    for (const type of DEFAULT_TOPICS) {
      const event = {
        id: 'e',
        timestamp: '2026-01-31T09:30:00Z',
        timestampMs: 0,
        subMillis: '',
        contactAddress: '+1',
        body: {},
      };
      expect(crmMapping({ ...event, source: 'genesys-partner-bus', type }).kind).toBe('deliver');
    }
  });
});

describe('Open Messaging', () => {
  it('has a route of its own beside the stream’s, to the same function', () => {
    const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'));
    expect(routes.map(({ Properties }) => (Properties as { readonly RouteKey: string }).RouteKey).sort()).toEqual([
      'POST /v1/eventbridge/genesys',
      'POST /v1/open-messaging/genesys',
    ]);
    expect(only(template, 'AWS::ApiGatewayV2::Integration').Properties.IntegrationType).toBe('AWS_PROXY');
  });

  it('has a secret of its own, which outlives the stack', () => {
    expect(only(template, 'AWS::SecretsManager::Secret', 'SecretsOpenMessagingSecret')).toMatchObject({
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: { GenerateSecretString: { PasswordLength: 64 } },
    });
  });

  it('is known to ingest, which may read that secret too and nothing more', () => {
    const { Environment } = only(template, 'AWS::Lambda::Function', 'Ingest').Properties;
    const { Variables } = Environment as { readonly Variables: Readonly<Record<string, unknown>> };
    const variables = Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, asText(value)]));
    expect(readIngestEnvironment(variables).secretArns).toEqual({
      'genesys-webhook': '<SecretsStreamSecret>',
      'genesys-open-messaging': '<SecretsOpenMessagingSecret>',
    });
    const { PolicyDocument } = only(template, 'AWS::IAM::Policy', 'IngestFunctionRole').Properties;
    const { Statement } = PolicyDocument as { readonly Statement: readonly { Action: string; Resource: unknown }[] };
    const secrets = Statement.filter(({ Action }) => Action === 'secretsmanager:GetSecretValue');
    expect(secrets.flatMap(({ Resource }) => [Resource].flat().map(asText))).toEqual([
      '<SecretsStreamSecret>',
      '<SecretsOpenMessagingSecret>',
    ]);
  });

  it('says what to paste where', () => {
    const outputs = template.toJSON().Outputs as Record<string, { readonly Value: unknown }>;
    expect(asText(outputs.OpenMessagingUrl?.Value)).toBe('<WebhookHttpApi.ApiEndpoint>/v1/open-messaging/genesys');
    expect(asText(outputs.OpenMessagingSecretArn?.Value)).toBe('<SecretsOpenMessagingSecret>');
  });
});
