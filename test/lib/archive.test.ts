/** The archive of deliveries, as the template has it. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Match, type Template } from 'aws-cdk-lib/assertions';
import { readPipelineConfig } from '../../lib/pipeline-config.ts';
import { asText, only, synthesized } from './synthesized.ts';

interface Policy {
  readonly Statement: readonly { readonly Action: unknown; readonly Resource: unknown; readonly Condition?: unknown }[];
}

let template: Template;

beforeAll(() => {
  template = synthesized({ 'archive.days': '30' });
});

/** `action resource` of every statement. */
function grantsIn({ Statement }: Policy): string[] {
  return Statement.flatMap(({ Action, Resource }) =>
    [Action].flat().flatMap((action) => [Resource].flat().map((on) => `${String(action)} ${asText(on)}`)),
  ).sort();
}

describe('the archive', () => {
  it('is not there by default', () => {
    const plain = synthesized();
    plain.resourceCountIs('AWS::S3::Bucket', 0);
    plain.resourceCountIs('AWS::KinesisFirehose::DeliveryStream', 0);
    expect(Object.keys(plain.findResources('AWS::Lambda::Function'))).toHaveLength(5);
  });

  it('keeps objects for so many days in a private, encrypted bucket, which outlives the stack', () => {
    const { DeletionPolicy, Properties } = only(template, 'AWS::S3::Bucket');
    expect(DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(Properties).toMatchObject({
      LifecycleConfiguration: { Rules: [expect.objectContaining({ ExpirationInDays: 30, Status: 'Enabled' })] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
    expect(JSON.stringify(Properties)).toContain('"SSEAlgorithm":"AES256"');
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
      },
    });
  });

  it('is written by Firehose, an hour to a prefix, and uses the key of the user where there is one', () => {
    expect(only(template, 'AWS::KinesisFirehose::DeliveryStream').Properties).toMatchObject({
      DeliveryStreamEncryptionConfigurationInput: { KeyType: 'AWS_OWNED_CMK' },
      ExtendedS3DestinationConfiguration: {
        Prefix: 'deliveries/!{timestamp:yyyy/MM/dd/HH}/',
        BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 5 },
      },
    });
    const keyArn = 'arn:aws:kms:eu-west-1:123456789012:key/0f0f0f0f-0000-4000-8000-000000000000';
    const own = synthesized({ 'archive.days': '30', 'kms.keyArn': keyArn });
    expect(JSON.stringify(only(own, 'AWS::S3::Bucket').Properties)).toContain('"SSEAlgorithm":"aws:kms"');
    expect(only(own, 'AWS::KinesisFirehose::DeliveryStream').Properties).toMatchObject({
      DeliveryStreamEncryptionConfigurationInput: { KeyARN: keyArn, KeyType: 'CUSTOMER_MANAGED_CMK' },
    });
  });

  it('gives Firehose the access to the bucket that its guide asks for, and nothing else', () => {
    const { Policies } = only(template, 'AWS::IAM::Role', 'ArchiveStreamRole').Properties as {
      readonly Policies: readonly { readonly PolicyDocument: Policy }[];
    };
    expect(Policies.flatMap(({ PolicyDocument }) => grantsIn(PolicyDocument))).toEqual([
      'logs:PutLogEvents <ArchiveStreamLogs.Arn>',
      's3:AbortMultipartUpload <ArchiveBucket.Arn>/deliveries/*',
      's3:AbortMultipartUpload <ArchiveBucket.Arn>/errors/*',
      's3:GetBucketLocation <ArchiveBucket.Arn>',
      's3:GetObject <ArchiveBucket.Arn>/deliveries/*',
      's3:GetObject <ArchiveBucket.Arn>/errors/*',
      's3:ListBucket <ArchiveBucket.Arn>',
      's3:ListBucketMultipartUploads <ArchiveBucket.Arn>',
      's3:PutObject <ArchiveBucket.Arn>/deliveries/*',
      's3:PutObject <ArchiveBucket.Arn>/errors/*',
    ]);
  });

  it('lets the replay function read deliveries and send to the delivery queue, and nothing else', () => {
    const { PolicyDocument } = only(template, 'AWS::IAM::Policy', 'ArchiveReplayRole').Properties as {
      readonly PolicyDocument: Policy;
    };
    expect(grantsIn(PolicyDocument)).toEqual([
      'logs:CreateLogStream <ArchiveReplayLogs.Arn>',
      'logs:PutLogEvents <ArchiveReplayLogs.Arn>',
      's3:GetObject <ArchiveBucket.Arn>/deliveries/*',
      's3:ListBucket <ArchiveBucket.Arn>',
      'sqs:SendMessage <QueuesDelivery.Arn>',
    ]);
    const senders = JSON.stringify(template.findResources('AWS::SQS::QueuePolicy'));
    expect(senders).toMatch(/ArchiveReplayRole[0-9A-F]{8}","Arn"/);
  });

  it('lets the processor put records, and gives it the name of the stream', () => {
    const { PolicyDocument } = only(template, 'AWS::IAM::Policy', 'ProcessorFunctionRole').Properties as {
      readonly PolicyDocument: Policy;
    };
    expect(grantsIn(PolicyDocument)).toContain('firehose:PutRecord <ArchiveStream.Arn>');
    const { Environment } = only(template, 'AWS::Lambda::Function', 'ProcessorFunction').Properties as {
      readonly Environment: { readonly Variables: Readonly<Record<string, unknown>> };
    };
    expect(asText(Environment.Variables.ARCHIVE_STREAM_NAME)).toBe('<ArchiveStream>');
  });

  it('alarms when deliveries are missing in it, and when nothing is written', () => {
    const names = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) => (Properties as { readonly AlarmName: string }).AlarmName,
    );
    expect(names).toEqual(
      expect.arrayContaining(['GenesysCrmPipeline-ArchiveIncomplete', 'GenesysCrmPipeline-ArchiveStalled']),
    );
  });

  it.each(['0', '401', '7d'])('refuses archive.days=%s', (days) => {
    expect(() => readPipelineConfig({ 'crm.baseUrl': 'https://crm.example.com', 'archive.days': days })).toThrow(
      'expected: a whole number of days from 1 to 400',
    );
  });
});
