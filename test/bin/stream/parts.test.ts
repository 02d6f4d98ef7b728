/** Parts of `npm run stream` that a fake Genesys Cloud on this machine does not reach. */
import { readFileSync } from 'node:fs';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { describeStack, findDeployedPipeline } from '../../../bin/stream/deployed-stack.ts';
import { propertiesFrom } from '../../../bin/stream/event-bus.ts';
import { GENESYS_REGIONS, hostsAt, hostsOfRegion } from '../../../bin/stream/genesys/regions.ts';
import { jsonFault } from '../../../bin/stream/json-file.ts';
import { CloudWatchSecretUse } from '../../../bin/stream/secret/secret-use.cloudwatch.ts';
import { readStreamFile, streamFileSchema } from '../../../bin/stream/stream-file.ts';
import { findByName } from '../../../bin/stream/stream-plan.ts';

const PROJECT = new URL('../../..', import.meta.url).pathname;

describe('regions', () => {
  it.each(Object.entries(GENESYS_REGIONS))('%s is known by its name and as %s', (region, host) => {
    for (const given of [region, host, ` ${region.toUpperCase()} `]) {
      const { loginUrl, apiUrl, fake } = hostsOfRegion(given);
      expect([loginUrl, apiUrl, fake]).toEqual([`https://login.${host}`, `https://api.${host}`, false]);
    }
  });

  it('are refused with the list if the name is unknown', () => {
    expect(() => hostsOfRegion('mypurecloud.example')).toThrow(/no region[\s\S]*us-east-1[\s\S]*ap-northeast-3/);
    expect(() => hostsOfRegion('api.mypurecloud.com')).toThrow(/no region/);
  });

  it.each([
    ['http://127.0.0.1:3001/', 'http://127.0.0.1:3001', true],
    ['http://localhost:3001', 'http://localhost:3001', true],
    ['https://genesys.example.com/base/', 'https://genesys.example.com/base', false],
  ])('may be another address: %s', (given, apiUrl, fake) => {
    expect(hostsAt(given)).toMatchObject({ apiUrl, loginUrl: apiUrl, fake });
  });

  it.each(['http://genesys.example.com', 'ftp://127.0.0.1', 'http://127.0.0.1.example.com', 'nowhere'])(
    'but not %s',
    (given) => {
      expect(() => hostsAt(given)).toThrow(/must be https, or http on 127\.0\.0\.1/);
    },
  );
});

describe('the file that is shipped', () => {
  it('is one, without a warning, and names the schema', () => {
    const { name, warnings, eventBus } = readStreamFile(`${PROJECT}stream.json`, Date.now());
    expect([name, warnings, eventBus?.eventSourceSuffix]).toEqual(['crm-events', [], 'crm-pipeline']);
    expect(JSON.parse(readFileSync(`${PROJECT}stream.json`, 'utf8')).$schema).toBe('./docs/stream.schema.json');
  });

  it('has the schema that is published (npm run --silent stream -- schema > docs/stream.schema.json)', () => {
    expect(JSON.parse(readFileSync(`${PROJECT}docs/stream.schema.json`, 'utf8'))).toEqual(streamFileSchema());
  });
});

describe('a text that is not JSON', () => {
  it.each([
    ['', 0],
    ['  ', 2],
    ['[1, 2', 5],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['[1}', 2],
    ['{"a": 1,}', 8],
    ['{"a" 1}', 5],
    ['{"a": }', 6],
    ['{a: 1}', 1],
    ['{"a": 1} x', 9],
    ['{"a": 1}, 2', 8],
    ['[01]', 2],
    ['[1.]', 1],
    ['[nul]', 1],
    ['["a\nb"]', 1],
    ['["\\x"]', 1],
    ['\u00a0[]', 0],
  ])('%j stops being it at %i', (text, offset) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(jsonFault(text)).toBe(offset);
  });

  it('but one that is does not before its end', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonFault(text)).toBe(text.length);
        expect(jsonFault(` ${text}\n]`)).toBe(text.length + 2);
      }),
      { numRuns: 200 },
    );
  });
});

describe('streams of one name', () => {
  const stream = {
    name: 'a',
    description: '',
    enabled: true,
    destination: { type: 'webhook', url: '' },
    secret: undefined,
    routingRules: [],
  };

  it('are refused with their ids where there are several', () => {
    expect(findByName([], 'a')).toBeUndefined();
    expect(
      findByName(
        [
          { ...stream, id: '1' },
          { ...stream, id: '2', name: 'b' },
        ],
        'b',
      )?.id,
    ).toBe('2');
    expect(() =>
      findByName(
        [
          { ...stream, id: '1' },
          { ...stream, id: '2' },
        ],
        'a',
      ),
    ).toThrow(/2 streams named a.*\n {2}1\n {2}2/);
  });
});

describe('a deployed stack', () => {
  const cloudFormation = mockClient(CloudFormationClient);
  const logs = mockClient(CloudWatchLogsClient);
  const outputs = {
    WebhookUrl: 'https://x.execute-api.eu-west-1.amazonaws.com/v1/eventbridge/genesys',
    StreamSecretArn: 'arn:secret',
    IngestLogGroupName: '/ingest',
    StreamSecretKnownAfterMs: '337000',
  };

  function has(given: Readonly<Record<string, string>>): void {
    const Outputs = Object.entries(given).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
    const StackId = 'arn:aws:cloudformation:eu-west-1:123456789012:stack/Contacts/1';
    const stack = {
      StackName: 'Contacts',
      StackId,
      CreationTime: new Date(0),
      StackStatus: 'UPDATE_COMPLETE',
      Outputs,
    } as const;
    cloudFormation.on(DescribeStacksCommand, { StackName: 'Contacts' }).resolves({ Stacks: [stack] });
  }

  beforeEach(() => {
    process.env.AWS_REGION = 'eu-west-1';
    cloudFormation.reset();
    logs.reset();
  });

  afterEach(() => {
    delete process.env.AWS_REGION;
  });

  it('is known by its outputs, its account and its region', async () => {
    has(outputs);
    const pipeline = await findDeployedPipeline('Contacts');
    expect(pipeline).toMatchObject({
      name: 'the stack Contacts',
      webhookUrl: outputs.WebhookUrl,
      secretKnownAfterMs: 337_000,
    });
    pipeline.close();
    const settings = {
      name: 'n',
      eventSourceSuffix: 's',
      eventFilter: ['v2.x'],
      awsAccountId: undefined,
      awsAccountRegion: undefined,
    };
    expect(propertiesFrom(settings, await describeStack('Contacts'))).toEqual({
      eventSourceSuffix: 's',
      eventFilter: ['v2.x'],
      awsAccountId: '123456789012',
      awsAccountRegion: 'eu-west-1',
    });
    expect(() => propertiesFrom(settings, undefined)).toThrow(/must be in the file, or come from --stack/);
  });

  it('that was deployed before it had an output is to be deployed again', async () => {
    const { IngestLogGroupName: _, ...before } = outputs;
    has(before);
    await expect(findDeployedPipeline('Contacts')).rejects.toThrow(
      'The stack Contacts has no output IngestLogGroupName: deploy it again.',
    );
  });

  it('that cannot be looked at says which permission is missing', async () => {
    cloudFormation
      .on(DescribeStacksCommand)
      .rejects(Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' }));
    await expect(describeStack('Contacts')).rejects.toThrow(
      'Cannot find the stack Contacts: AccessDeniedException: not allowed\nIt needs the permission cloudformation:DescribeStacks.',
    );
  });

  it('counts uses of a secret in ingest’s log group, over pages that may be empty', async () => {
    const line = {
      message: 'delivery accepted',
      source: 'genesys-webhook',
      secretStage: 'AWSPENDING',
      timestamp: '2026-11-26T10:00:00.000Z',
    };
    const event = { message: JSON.stringify(line) };
    const others = [{ secretStage: 'AWSCURRENT' }, { source: 'genesys-open-messaging' }, { message: 'refused' }].map(
      (other) => ({ message: JSON.stringify({ ...line, ...other }) }),
    );
    logs
      .on(FilterLogEventsCommand)
      .resolvesOnce({ events: [], nextToken: 'a' })
      .resolvesOnce({ events: [event, event], nextToken: 'b' })
      // A server that ignores the filter returns every line.
      .resolves({ events: [...others, event, { message: 'START RequestId' }] });
    const use = new CloudWatchSecretUse(new CloudWatchLogsClient({}), '/ingest');
    expect(await use.usesSince({ stage: 'AWSPENDING', sinceMs: 5, enough: 1_000 })).toBe(3);
    expect(logs.call(0).args[0].input).toEqual({
      logGroupName: '/ingest',
      startTime: 5,
      filterPattern:
        '{ $.message = "delivery accepted" && $.source = "genesys-webhook" && $.secretStage = "AWSPENDING" }',
      nextToken: undefined,
    });
    logs.reset();
    logs.on(FilterLogEventsCommand).resolves({ events: [event, event], nextToken: 'more' });
    expect(await use.usesSince({ stage: 'AWSPENDING', sinceMs: 5, enough: 1 })).toBe(1);
  });
});
