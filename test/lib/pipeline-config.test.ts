import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { SIGNATURE_PROFILES } from '../../lambdas/domain/delivery/signature-profiles.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { ConfigError, readPipelineConfig } from '../../lib/pipeline-config.ts';

const CRM = { 'crm.baseUrl': 'https://crm.example.com/tenant' };

/** `key ← got → wants` of everything that is wrong. */
function problems(context: Readonly<Record<string, unknown>>): string[] {
  try {
    readPipelineConfig(context);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ key, got, expected: wants }) => `${key} ← ${got ?? 'nothing'} → ${wants}`);
  }
}

describe('the configuration', () => {
  it('needs the CRM’s base URL and nothing else', () => {
    expect(readPipelineConfig(CRM)).toEqual({
      stackName: 'GenesysCrmPipeline',
      crm: { connector: 'rest', baseUrl: 'https://crm.example.com/tenant', settings: {} },
      ingestMemoryMb: 512,
      ingestProvisionedConcurrency: 0,
      processorBatchWindowSeconds: 1,
      tracing: false,
      processorMemoryMb: 512,
      redriveMemoryMb: 512,
      logRetentionDays: 30,
      profiles: [SIGNATURE_PROFILES['genesys-webhook']],
      queueSenders: [],
      limits: DEFAULT_LIMITS,
      limitOverrides: {},
    });
  });

  it('takes strings, as -c gives them, numbers, and nested objects, as cdk.json may have them', () => {
    const nested = readPipelineConfig({
      crm: { baseUrl: 'http://10.0.0.7:8080', allowHttp: true },
      ingest: { memoryMb: 1024 },
      limits: { crmAttempts: '12' },
      '@aws-cdk/core:anything': true,
    });
    expect(nested).toMatchObject({
      crm: { baseUrl: 'http://10.0.0.7:8080' },
      ingestMemoryMb: 1024,
      limits: { crmAttempts: 12 },
      limitOverrides: { crmAttempts: 12 },
    });
  });

  it.each([
    ['http://crm.example.com', '"http://crm.example.com"'],
    ['crm.example.com', '"crm.example.com"'],
    ['https://crm.example.com/?a=b', '"https://crm.example.com/?a=b"'],
    ['https://user:secret@crm.example.com', '"https://user:secret@crm.example.com"'],
    [7, '7'],
  ])('refuses %j as the CRM’s base URL', (given, got) => {
    expect(problems({ 'crm.baseUrl': given })).toEqual([
      `crm.baseUrl ← ${got} → the CRM’s base URL: https, without credentials, query or fragment (http on 127.0.0.1 or localhost, or with crm.allowHttp=true)`,
    ]);
  });

  it('takes the names of a vendor’s fields, and its base URL where it has one', () => {
    expect(readPipelineConfig({ 'crm.connector': 'hubspot', 'crm.callKey': 'call_key' }).crm).toEqual({
      connector: 'hubspot',
      baseUrl: 'https://api.hubapi.com',
      settings: { callKey: 'call_key' },
      rate: { requests: 100, windowMs: 10_000 },
    });
  });

  it('takes a default country, and refuses what is no country', () => {
    expect(readPipelineConfig({ ...CRM, 'crm.defaultCountry': 'DE' }).crm.defaultCountry).toBe('DE');
    expect(problems({ ...CRM, 'crm.defaultCountry': 'de' })).toEqual([
      'crm.defaultCountry ← "de" → a country in two capital letters (ISO 3166-1 alpha-2), such as US',
    ]);
  });

  it('refuses keys that the connector does not have, together with a missing base URL', () => {
    expect(
      problems({ 'crm.connector': 'zendesk', 'crm.contactKey': 'k', 'crm.apiVersion': 'v2', 'crm.callKey': 'a b' }),
    ).toEqual([
      'crm.callKey ← "a b" → the name of a field: letters, digits, underscores and hyphens',
      'crm.contactKey ← "k" → no value: crm.connector zendesk does not have it',
      'crm.apiVersion ← "v2" → no value: crm.connector zendesk does not have it',
      expect.stringMatching(/^crm\.baseUrl ← nothing → the CRM’s base URL/),
    ]);
    expect(problems({ ...CRM, 'crm.connector': 'sugar' })).toEqual([
      'crm.connector ← "sugar" → one of rest, salesforce, hubspot, dataverse, zendesk',
    ]);
  });

  it('reports every problem at once', () => {
    const wrong = problems({
      'ingest.memoryMb': 'lots',
      'names.deliveryQueue': 'a queue',
      'logs.retentionDays': '31',
      'domain.name': 'hooks.example.com',
      'crm.baseURL': 'https://crm.example.com',
      'limits.crmTimeout': '5000',
      'limits.leaseMs': 'long',
    });
    expect(wrong).toEqual([
      'ingest.memoryMb ← "lots" → a whole number of megabytes from 128 to 10240',
      'names.deliveryQueue ← "a queue" → 1 to 80 letters, digits, hyphens or underscores',
      expect.stringMatching(/^logs\.retentionDays ← "31" → one of 1, 3, 5, 7, 14, 30,/),
      'crm.baseURL ← "https://crm.example.com" → one of the configuration’s keys; did you mean crm.baseUrl?',
      expect.stringMatching(/^crm\.baseUrl ← nothing → the CRM’s base URL: https,/),
      expect.stringMatching(/^domain\.certificateArn ← nothing → the ARN .*; domain\.name is given, and needs it$/),
      'limits.crmTimeout ← "5000" → the name of a limit (lambdas/domain/limits.ts lists them); did you mean limits.crmTimeoutMs?',
      expect.stringMatching(/^limits\.leaseMs ← "long" → /),
    ]);
  });

  it.each([
    ['alarm.email', 'alarms.email'],
    ['alerts.email', 'alarms.email'],
    ['alarmsEmail', 'alarms.email'],
    ['limit.batchSize', 'limits.batchSize'],
    ['batchSize', 'limits.batchSize'],
    ['traicng', 'tracing'],
    ['Tracing', 'tracing'],
    ['stack-name', 'stackName'],
    ['cmr.allowHttp', 'crm.allowHttp'],
    ['ingestion.memoryMb', 'ingest.memoryMb'],
    ['domains', 'domain.…'],
  ])('does not pass over a mistyped key: %s', (key, meant) => {
    const wrong = [`${key} ← "x" → one of the configuration’s keys; did you mean ${meant}?`];
    expect(problems({ ...CRM, [key]: 'x' })).toEqual(wrong);
    const [first = '', inner] = key.split('.');
    if (inner !== undefined) expect(problems({ ...CRM, [first]: { [inner]: 'x' } })).toEqual(wrong);
  });

  it.each([
    'env',
    'stage',
    'region',
    'tags',
    'team.name',
    'log.level',
    'process',
    'images',
    'vpcId',
    'cdk-migrate',
    'aws:cdk:bundling-stacks',
    '@aws-cdk/aws-lambda:recognizeLayerVersion',
    'availability-zones:account=123456789012:region=eu-west-1',
    'ami:account=123456789012:filters.image-type.0=machine:region=eu-west-1',
  ])('lets be what is not its own: %s', (key) => {
    expect(problems({ ...CRM, [key]: 'x' })).toEqual([]);
    expect(problems({ ...CRM, [key]: { email: 'x', batchSize: ['x'] } })).toEqual([]);
  });

  it('lets be all that this project’s cdk.json has', () => {
    const { context } = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
      readonly context: Readonly<Record<string, unknown>>;
    };
    expect(Object.keys(context).length).toBeGreaterThan(50);
    expect(problems({ ...CRM, ...context })).toEqual([]);
  });

  it.each([
    ['aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/', false],
    ['aws.partner/genesys.com/cloud/organisation/contacts', false],
    ['aws.partner/example.com/cloud/11111111-2222-4333-8444-555555555555/contacts', false],
    ['aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/con/tacts', false],
    ['aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts_2.a-b', true],
  ])('takes as a partner event source what Genesys calls one: %s %j', (partnerEventSource, accepted) => {
    const wants = 'a partner event source of Genesys Cloud: aws.partner/genesys.com/cloud/<organisation>/<suffix>';
    expect(problems({ ...CRM, partnerEventSource })).toEqual(
      accepted ? [] : [`partnerEventSource ← "${partnerEventSource}" → ${wants}`],
    );
  });

  it('takes topics with a partner event source only, and none that is no topic', () => {
    expect(problems({ ...CRM, partnerTopics: 'v2.users.{id}.activity' })).toEqual([
      expect.stringMatching(/^partnerEventSource ← nothing → .*; partnerTopics is given, and needs it$/),
    ]);
    const partnerEventSource = 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts';
    const take = (partnerTopics: string) => problems({ ...CRM, partnerEventSource, partnerTopics });
    expect(take('v2.users.{id}.activity,v2.detail.events.conversation.{id}.acw')).toEqual([]);
    for (const wrong of ['', '*', 'v2.users.{id}.activity,', 'v2.users.{id}.activity, v2.x', `v2.${'x'.repeat(2_000)}`])
      expect(take(wrong)).toEqual([expect.stringMatching(/^partnerTopics ← ".*" → topics as Genesys lists them/)]);
  });

  it('holds the limits to their relations', () => {
    expect(problems({ ...CRM, 'limits.leaseMs': '30000' })).toEqual([
      'limits.leaseMs ← 30000 against 25000 ' +
        '(processorFunctionTimeoutMs 30000 by default, leaseMs 30000, clockSkewMs 5000 by default) → ' +
        'processorFunctionTimeoutMs < leaseMs − clockSkewMs',
    ]);
  });

  it.each([
    ['hubspot', undefined, { requests: 100, windowMs: 10_000 }],
    ['hubspot', '190/10s', { requests: 190, windowMs: 10_000 }],
    ['hubspot', 'none', undefined],
    ['rest', undefined, undefined],
    ['rest', '6/60s', { requests: 6, windowMs: 60_000 }],
  ])('takes the rate of %s from the connector unless it is given: %s', (connector, rate, expected) => {
    const given = rate === undefined ? {} : { 'crm.rate': rate };
    expect(readPipelineConfig({ ...CRM, 'crm.connector': connector, ...given }).crm.rate).toEqual(expected);
  });

  it('refuses what is no rate, and one in which three requests of a call take too long, with the other problems', () => {
    const wanted = 'requests a time such as 190/10s, at least one in 10 s; or none';
    for (const wrong of ['190', '1/10s', '5/60s', '190/0s', 'off'])
      expect(problems({ ...CRM, 'crm.rate': wrong, stackName: '1' })).toEqual([
        `crm.rate ← "${wrong}" → ${wanted}`,
        'stackName ← "1" → letters, digits and hyphens, beginning with a letter, at most 128',
      ]);
    expect(problems({ 'crm.connector': 'hubspot', 'crm.rate': '30/60s' })).toEqual([
      'crm.rate ← "30/60s" → a faster rate: an action of crm.connector hubspot takes up to three requests within limits.crmTimeoutMs',
    ]);
  });

  it('keeps the reserved concurrency of ingest at or above the provisioned one', () => {
    const reserve = (reserved: number) =>
      problems({ ...CRM, 'ingest.provisionedConcurrency': 20, 'ingest.reservedConcurrency': reserved });
    expect(reserve(20)).toEqual([]);
    expect(reserve(19)).toEqual([
      'ingest.reservedConcurrency ← 19 → a whole number from 1 to 10000, not below ingest.provisionedConcurrency',
    ]);
  });

  it('takes the capacity of the index from the table’s where it is not given', () => {
    const table = { ...CRM, 'table.readUnits': 50, 'table.writeUnits': 100 };
    expect(readPipelineConfig(table).indexCapacity).toEqual({ readUnits: 50, writeUnits: 100 });
    const index = { 'table.indexWriteUnits': 25 };
    expect(readPipelineConfig({ ...table, ...index }).indexCapacity).toEqual({ readUnits: 50, writeUnits: 25 });
    expect(problems({ ...CRM, ...index })).toContainEqual(expect.stringMatching(/^table\.writeUnits ← nothing/));
  });

  it('takes ARNs of roles and users as senders to the queues', () => {
    const role = 'arn:aws:iam::123456789012:role/team/operator';
    const sso = 'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/*/AWSReservedSSO_Operator_*';
    expect(readPipelineConfig({ ...CRM, 'queues.senders': `${role},${sso}` }).queueSenders).toEqual([role, sso]);
    for (const wrong of ['*', 'operator', 'arn:aws:iam::123456789012:root', `${role},`])
      expect(problems({ ...CRM, 'queues.senders': wrong })).toHaveLength(1);
  });

  it.each([
    ['ingestFunctionTimeoutMs', 8_500],
    ['processorFunctionTimeoutMs', 29_999],
    ['redriveFunctionTimeoutMs', 120_001],
    ['visibilityMs', 180_500],
    ['deliveryRetentionMs', 345_600_500],
    ['quarantineRetentionMs', 1_209_599_999],
  ])('refuses part of a second where AWS counts seconds: limits.%s=%d', (name, ms) => {
    expect(problems({ ...CRM, [`limits.${name}`]: ms })).toContain(
      `limits.${name} ← ${ms} → a whole number of seconds, in milliseconds: a multiple of 1000`,
    );
  });

  it.each([
    ['crm.baseUrl', 'https://user:hunter2@crm.example.com'],
    ['crm.baseUrl', 'https://user:hunter2/more@crm.example.com'],
    ['crm.baseURL', 'https://user:hunter2@crm.example.com'],
  ])('does not quote a password: %s=%s', (key, value) => {
    expect(() => readPipelineConfig({ [key]: value })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('says in one message what it got, what it wants, and how to give it', () => {
    expect(() => readPipelineConfig({ stackName: '1' })).toThrow(
      [
        'The configuration has errors:',
        '',
        '  stackName',
        '    got:      "1"',
        '    expected: letters, digits and hyphens, beginning with a letter, at most 128',
        '  crm.baseUrl',
        '    got:      nothing',
        '    expected: the CRM’s base URL: https, without credentials, query or fragment (http on 127.0.0.1 or localhost, or with crm.allowHttp=true)',
        '',
        'Give values with -c, for example: npx cdk synth -c crm.baseUrl=https://crm.example.com',
        'docs/configuration.md lists all keys.',
      ].join('\n'),
    );
  });
});
