/** Permissions of every function, word for word. */

import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Template } from 'aws-cdk-lib/assertions';
import { asText, synthesized } from './synthesized.ts';

interface Statement {
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

let template: Template;

beforeAll(() => {
  template = synthesized();
});

function logicalIds(): string[] {
  return Object.keys(template.findResources('AWS::IAM::Role'));
}

/** `action resource` of everything that a role is granted. */
function grantsOf(role: string): string[] {
  const policies = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
    (Properties as { readonly Roles: unknown[] }).Roles.map(asText).includes(`<${role}>`),
  );
  const statements = policies.flatMap(
    ({ Properties }) =>
      (Properties as { readonly PolicyDocument: { readonly Statement: Statement[] } }).PolicyDocument.Statement,
  );
  expect(statements.every(({ Effect }) => Effect === 'Allow')).toBe(true);
  return statements
    .flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) => [Resource].flat().map((on) => `${action} ${asText(on)}`)),
    )
    .sort();
}

describe('permissions', () => {
  it('let ingest read one secret and send to one queue', () => {
    expect(grantsOf('IngestFunctionRole')).toEqual([
      'logs:CreateLogStream <IngestFunctionLogs.Arn>',
      'logs:PutLogEvents <IngestFunctionLogs.Arn>',
      'secretsmanager:GetSecretValue <SecretsStreamSecret>',
      'sqs:SendMessage <QueuesDelivery.Arn>',
    ]);
  });

  it('let the processor take from one queue, put into the other, and write, never delete or scan, rows', () => {
    expect(grantsOf('ProcessorFunctionRole')).toEqual([
      'dynamodb:BatchGetItem <StateTable.Arn>',
      'dynamodb:PutItem <StateTable.Arn>',
      'dynamodb:UpdateItem <StateTable.Arn>',
      'logs:CreateLogStream <ProcessorFunctionLogs.Arn>',
      'logs:PutLogEvents <ProcessorFunctionLogs.Arn>',
      'secretsmanager:GetSecretValue <SecretsCrmToken>',
      'secretsmanager:GetSecretValue <SecretsDigestKey>',
      'secretsmanager:PutSecretValue <SecretsCrmToken>',
      'sqs:ChangeMessageVisibility <QueuesDelivery.Arn>',
      'sqs:DeleteMessage <QueuesDelivery.Arn>',
      'sqs:GetQueueAttributes <QueuesDelivery.Arn>',
      'sqs:GetQueueUrl <QueuesDelivery.Arn>',
      'sqs:ReceiveMessage <QueuesDelivery.Arn>',
      'sqs:SendMessage <QueuesQuarantine.Arn>',
    ]);
  });

  it('let redrive take from quarantine, put into both queues, and read, never write, rows', () => {
    expect(grantsOf('RedriveFunctionRole')).toEqual([
      'dynamodb:BatchGetItem <StateTable.Arn>',
      'dynamodb:GetItem <StateTable.Arn>',
      'dynamodb:Query <StateTable.Arn>/index/quarantine-by-reason',
      'logs:CreateLogStream <RedriveFunctionLogs.Arn>',
      'logs:PutLogEvents <RedriveFunctionLogs.Arn>',
      'sqs:ChangeMessageVisibility <QueuesQuarantine.Arn>',
      'sqs:DeleteMessage <QueuesQuarantine.Arn>',
      'sqs:GetQueueAttributes <QueuesQuarantine.Arn>',
      'sqs:ListMessageMoveTasks <QueuesQuarantine.Arn>',
      'sqs:ReceiveMessage <QueuesQuarantine.Arn>',
      'sqs:SendMessage <QueuesDelivery.Arn>',
      'sqs:SendMessage <QueuesQuarantine.Arn>',
      'sqs:StartMessageMoveTask <QueuesQuarantine.Arn>',
    ]);
  });

  const LOOKING = (role: string) => [
    'dynamodb:BatchGetItem <StateTable.Arn>',
    'dynamodb:GetItem <StateTable.Arn>',
    'dynamodb:Query <StateTable.Arn>/index/quarantine-by-reason',
    'dynamodb:Scan <StateTable.Arn>',
    `logs:CreateLogStream <${role}Logs.Arn>`,
    `logs:PutLogEvents <${role}Logs.Arn>`,
    'secretsmanager:GetSecretValue <SecretsDigestKey>',
    'sqs:GetQueueAttributes <QueuesDelivery.Arn>',
    'sqs:GetQueueAttributes <QueuesQuarantine.Arn>',
  ];

  it('let the operations page look, and no more', () => {
    expect(grantsOf('OperationsPageViewRole')).toEqual(LOOKING('OperationsPageView'));
  });

  it('let the operations page that may act look, and call redrive', () => {
    const acting = [...LOOKING('OperationsPageAct'), 'lambda:InvokeFunction <RedriveFunction.Arn>'].sort();
    expect(grantsOf('OperationsPageActRole')).toEqual(acting);
  });

  it('let the hourly schedule set attributes of quarantine', () => {
    const role = logicalIds().find((id) => id.startsWith('SchedulerRole')) ?? '';
    expect(grantsOf(role.slice(0, -8))).toEqual(['sqs:SetQueueAttributes <QueuesQuarantine.Arn>']);
    expect(template.findResources('AWS::IAM::Role')[role]?.Properties.AssumeRolePolicyDocument).toMatchObject({
      Statement: [
        {
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          Effect: 'Allow',
          Principal: { Service: 'scheduler.amazonaws.com' },
        },
      ],
    });
  });

  it('are these six roles’ alone, and only Lambda may take five of them', () => {
    expect(logicalIds()).toHaveLength(6);
    const roles = Object.entries(template.findResources('AWS::IAM::Role'));
    for (const [, { Properties }] of roles.filter(([id]) => !id.startsWith('SchedulerRole'))) {
      expect(Properties).toEqual({
        AssumeRolePolicyDocument: {
          Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } }],
          Version: '2012-10-17',
        },
      });
    }
  });

  it('let the API, on its one route, invoke ingest, three schedules redrive, and nobody anything else', () => {
    const permissions = Object.values(template.findResources('AWS::Lambda::Permission')).map(({ Properties }) => {
      const { Action, FunctionName, Principal, SourceArn } = Properties as Readonly<Record<string, unknown>>;
      const source = asText(SourceArn).replace(/^.*:(?=<WebhookHttpApi>)/, '');
      return [Action, asText(FunctionName), Principal, source].join(' ');
    });
    expect(permissions.sort()).toEqual([
      'lambda:InvokeFunction <IngestFunction.Arn> apigateway.amazonaws.com <WebhookHttpApi>/*/*/v1/eventbridge/genesys',
      'lambda:InvokeFunction <RedriveFunction.Arn> events.amazonaws.com <RedriveObservation.Arn>',
      'lambda:InvokeFunction <RedriveFunction.Arn> events.amazonaws.com <RedriveRecovery.Arn>',
      'lambda:InvokeFunction <RedriveFunction.Arn> events.amazonaws.com <RedriveRefresh.Arn>',
    ]);
  });
});
