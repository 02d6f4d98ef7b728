/** Attacks on a running pipeline by web pages, other users of the machine and hostile data. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readCrmFaults } from '../../local/crm/crm-client.ts';
import { LOOPBACK, type LoopbackServer, listenOnLoopback, PORTS_NO_BROWSER_OPENS } from '../../local/http/loopback.ts';
import { localDynamoDbClient, localSecretsManagerClient, localSqsClient } from '../../local/local-clients.ts';
import { CHROMIUM_PATH, launchChromium } from '../harness/chromium.ts';
import { listeningSockets } from '../harness/listening-ports.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';

interface Attack {
  readonly method: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

const EVIL = { origin: 'https://evil.example' };
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

/** Sent to every port, whatever listens there. */
const FROM_A_PAGE: Readonly<Record<string, Attack>> = {
  'a read': { method: 'GET', headers: EVIL },
  'a read of a page that is opaque': { method: 'GET', headers: { origin: 'null' } },
  'a read whose origin the browser does not send': { method: 'GET', headers: { 'sec-fetch-site': 'cross-site' } },
  'a read of another port’s page': { method: 'GET', headers: { 'sec-fetch-site': 'same-site' } },
  'a read after DNS rebinding': { method: 'GET', headers: { host: 'evil.example' } },
  'a read after DNS rebinding to a subdomain': { method: 'GET', headers: { host: '127.0.0.1.evil.example' } },
  'a preflight': {
    method: 'OPTIONS',
    headers: {
      ...EVIL,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-amz-target,authorization,content-type',
    },
  },
  'a form': { method: 'POST', headers: { ...EVIL, ...FORM }, body: 'Action=CreateTopic&Name=evil' },
  'a beacon': { method: 'POST', path: '/_crm/faults', headers: EVIL, body: '{"rules":[{"status":503}]}' },
  'an order to DynamoDB': aws('DynamoDB_20120810.ListTables', '1.0', EVIL),
};

/** From a program of another user: no browser adds a header that gives it away. */
const WITHOUT_THE_KEY: Readonly<Record<string, Attack>> = {
  'the state table': aws('DynamoDB_20120810.ListTables', '1.0'),
  'the queues': aws('AmazonSQS.ListQueues', '1.0'),
  'a topic': { method: 'POST', headers: FORM, body: 'Action=CreateTopic&Name=evil' },
  'the secrets': aws('secretsmanager.GetSecretValue', '1.1', {}, '{"SecretId":"x"}'),
  'the archive': aws('Firehose_20150804.PutRecord', '1.1'),
  'a function': { method: 'POST', path: '/2015-03-31/functions/x/invocations', headers: {}, body: '{}' },
  'the sample CRM’s behaviour': {
    method: 'POST',
    path: '/_crm/faults',
    headers: { 'content-type': 'application/json' },
    body: '{"rules":[{"status":503}]}',
  },
};

function aws(target: string, version: string, more: Attack['headers'] = {}, body = '{}'): Attack {
  const signed = 'AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/x/aws4_request, SignedHeaders=host, Signature=0';
  const type = `application/x-amz-json-${version}`;
  return {
    method: 'POST',
    headers: { 'content-type': type, 'x-amz-target': target, authorization: signed, ...more },
    body,
  };
}

function send(port: number, { method, path = '/', headers, body }: Attack) {
  return new Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders }>((resolve, reject) => {
    const request = httpRequest({ host: LOOPBACK, port, method, path, headers, agent: false }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.once('error', reject);
    request.end(body);
  });
}

let pipeline: LocalPipelineProcess;
/** Ports that a page could send requests to. */
let ports: readonly number[];
/** Ports that browsers block. */
let unreachable: readonly number[];

beforeAll(async () => {
  pipeline = await LocalPipelineProcess.start({
    context: { 'archive.days': '7' },
    environment: { DEVELOPERS_OWN: 'canary', CRM_TOKEN: 'canary' },
  });
  const pids = [pipeline.pid, ...pipeline.processes().map(({ pid }) => pid)];
  const sockets = process.platform === 'linux' ? listeningSockets(pids) : [];
  expect(new Set(sockets.map(({ address }) => address))).toEqual(new Set(['0100007F']));
  unreachable = sockets.map(({ port }) => port).filter((port) => PORTS_NO_BROWSER_OPENS.includes(port));
  ports = sockets.map(({ port }) => port).filter((port) => !PORTS_NO_BROWSER_OPENS.includes(port));
});

afterAll(async () => pipeline?.dispose());

/** Everything that an attack could change. */
async function state(): Promise<object> {
  const { endpoints, stateTable, crm, crmTokenSecretArn } = pipeline.description;
  const [sqs, dynamoDb, secrets] = [
    localSqsClient(endpoints),
    localDynamoDbClient(endpoints),
    localSecretsManagerClient(endpoints),
  ];
  try {
    return {
      queues: (await sqs.send(new ListQueuesCommand({}))).QueueUrls,
      waiting: await pipeline.count('deliveryQueue'),
      rows: (await dynamoDb.send(new ScanCommand({ TableName: stateTable }))).Count,
      token: (await secrets.send(new GetSecretValueCommand({ SecretId: crmTokenSecretArn }))).VersionId,
      faults: await readCrmFaults(crm.url),
      crm: await pipeline.crmState(),
    };
  } finally {
    for (const client of [sqs, dynamoDb, secrets]) client.destroy();
  }
}

// Elsewhere the ports cannot be listed; jest says that these are skipped.
(process.platform === 'linux' ? describe : describe.skip)('a running pipeline', () => {
  it('listens on the webhook, six servers, and one port that no browser opens', async () => {
    expect(ports).toHaveLength(7);
    expect(ports).toContain(Number(new URL(pipeline.description.webhookUrl).port));
    expect(unreachable).toHaveLength(1);
    for (const port of unreachable) {
      await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ cause: { message: 'bad port' } });
    }
  });

  it.each(Object.keys(FROM_A_PAGE))('refuses %s at every port, and lets no page read why', async (name) => {
    const attack = FROM_A_PAGE[name] as Attack;
    const before = await state();
    for (const port of ports) {
      const { status, headers } = await send(port, attack);
      expect([port, status]).toEqual([port, 403]);
      expect(Object.keys(headers).filter((header) => header.startsWith('access-control-'))).toEqual([]);
    }
    expect(await state()).toEqual(before);
  });

  it.each(Object.keys(WITHOUT_THE_KEY))('gives %s to nobody without the key', async (name) => {
    const before = await state();
    const statuses = await Promise.all(
      ports.map(async (port) => (await send(port, WITHOUT_THE_KEY[name] as Attack)).status),
    );
    expect(statuses.filter((status) => status < 400)).toEqual([]);
    expect(await state()).toEqual(before);
  });

  it('keeps the key out of every command line', () => {
    for (const { pid } of pipeline.processes()) {
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(pipeline.description.endpoints.accessKey);
    }
  });
});

(process.platform === 'linux' ? describe : describe.skip)('the processes of a pipeline', () => {
  it('have nothing of the developer’s environment', () => {
    for (const { pid, name } of pipeline.processes()) {
      expect([name, readFileSync(`/proc/${pid}/environ`, 'utf8')]).toEqual([
        name,
        expect.not.stringContaining('canary'),
      ]);
    }
  });

  it('write files for their user alone', () => {
    const files = readdirSync(pipeline.dataDir, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    const modes = files.map(({ parentPath, name }) => [name, statSync(join(parentPath, name)).mode & 0o077]);
    expect(modes.length).toBeGreaterThan(10);
    expect(modes.filter(([, mode]) => mode !== 0)).toEqual([]);
  });
});

describe('a terminal', () => {
  it('gets no command from what the sample CRM was told, as text or as JSON', async () => {
    await pipeline.setCrmFaults([{ phone: '\u001b]0;x\u0007\u009b2J\u202e', status: 422 }]);
    const [text, json] = [await pipeline.crm(), await pipeline.crm('--json')];
    await pipeline.setCrmFaults([]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.stdout).toMatch(/every call for {2}\]0;x 2J {2}is answered 422/);
    expect(JSON.parse(json.stdout).rules[0].phone).toBe('\u001b]0;x\u0007\u009b2J\u202e');
    expect(text.stdout + json.stdout).not.toMatch(/[^\P{C}\n]/u);
  });
});

/** Runs in the page: tries what a page can, and lists what it could read. */
const TRY_EVERYTHING = `async (ports) => {
  const read = [];
  const attempt = async (name, act) => {
    try { read.push([name, await act()]); } catch {}
  };
  for (const port of ports) for (const host of ['127.0.0.1', 'localhost']) {
    const url = 'http://' + host + ':' + port + '/';
    await attempt(url + ' get', async () => (await fetch(url)).status);
    await attempt(url + ' preflighted', async () => (await fetch(url, {
      method: 'POST', body: '{}', headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'DynamoDB_20120810.ListTables' },
    })).text());
    await fetch(url + '_crm/faults', { method: 'POST', mode: 'no-cors', body: '{"rules":[{"status":503}]}' }).catch(() => {});
    await fetch(url, { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ Action: 'CreateTopic', Name: 'evil' }) }).catch(() => {});
  }
  return read;
}`;

(CHROMIUM_PATH === undefined || process.platform !== 'linux' ? describe.skip : describe)('a page in Chromium', () => {
  let site: LoopbackServer;

  beforeAll(async () => {
    site = await listenOnLoopback((_request, response) => void response.end('<!doctype html><title>x</title>'), 0);
  });

  afterAll(() => site?.close());

  it('of another site or another port reads nothing and changes nothing', async () => {
    const browser = await launchChromium();
    const before = await state();
    try {
      for (const host of ['127.0.0.1', 'localhost']) {
        const page = await browser.newPage();
        await page.goto(`http://${host}:${site.port}/`);
        const everyPort = JSON.stringify([...ports, ...unreachable]);
        expect(await page.evaluate(`(${TRY_EVERYTHING})(${everyPort})`)).toEqual([]);
      }
    } finally {
      await browser.close();
    }
    expect(await state()).toEqual(before);
  });
});
