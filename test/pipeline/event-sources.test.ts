/**
 * The entrances besides the stream's webhook, on the real bundles: the partner event bus and Open
 * Messaging.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BY_HAND } from '../../lambdas/domain/delivery/envelope.ts';
import { type SigningKey, sign, textSigningKeyFrom } from '../../lambdas/domain/delivery/signature.ts';
import { eventKey } from '../../lambdas/domain/event/event-key.ts';
import { parseSourceEvent } from '../../lambdas/domain/event/parse-event.ts';
import { localSecretsManagerClient } from '../../local/local-clients.ts';
import type { SendReport } from '../../local/send/send-report.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/partner/', import.meta.url));
const FILES = readdirSync(FIXTURES).filter((name) => name.endsWith('.json'));

let pipeline: LocalPipelineProcess;

beforeAll(async () => {
  pipeline = await LocalPipelineProcess.start({
    context: {
      partnerEventSource: 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts',
      openMessaging: 'true',
      'limits.secretRereadMs': '0',
    },
  });
});

afterAll(async () => {
  await pipeline?.dispose();
});

function read(name: string): string {
  return readFileSync(join(FIXTURES, name), 'utf8');
}

/** Key of the event's row. */
function rowKeyOf(body: string): string {
  const parsed = parseSourceEvent(Buffer.from(body), BY_HAND);
  if (parsed.kind === 'invalid') throw new Error(parsed.reason);
  return eventKey(parsed.event.id);
}

async function statusOf(rowKey: string): Promise<unknown> {
  return (await pipeline.rows([rowKey])).get(rowKey)?.status;
}

describe('the partner event bus', () => {
  it('brings each of its events to the right end, once, though it comes three times', async () => {
    const file = join(pipeline.dataDir, 'events.json');
    writeFileSync(file, JSON.stringify(FILES.flatMap((name) => JSON.parse(read(name)) as unknown)));
    const { code, stdout } = await pipeline.send('--partner', file, '--duplicates', '2', '--json');
    const { events, duplicatesDropped, crm, exactlyOnce } = JSON.parse(stdout) as SendReport;
    expect([code, exactlyOnce, duplicatesDropped]).toEqual([0, true, 50]);
    expect(events).toMatchObject({ sent: 25, accepted: 25, ignored: 19, quarantined: {}, waiting: 0 });
    // One contact has two events; the older one may come second.
    expect(events.applied + events.stale).toBe(6);
    expect(crm).toMatchObject({ calls: events.applied, applied: events.applied, repeatedCalls: 0, missing: 0 });
    const calls = await pipeline.crmCalls();
    expect(new Set(calls.map(({ phone }) => phone))).toEqual(
      new Set(['+15550101', '+15550102', 'jane.doe@customer.example', '+15550103', '+15550104']),
    );
    const ofOne = calls.filter(({ phone }) => phone === '+15550101');
    expect(ofOne.at(-1)?.key).toMatch(/\.customer\.end\|/);
  });

  it('takes the samples as they are, years old, and settles them as ignored', async () => {
    const samples = FILES.filter((name) => /^\d/.test(name)).map(read);
    const before = (await pipeline.crmState()).calls;
    for (const body of [...samples, ...samples, ...samples]) await pipeline.putMessage(body);
    for (const body of samples) {
      const key = rowKeyOf(body);
      await pipeline.until(`${key} is ignored`, async () => (await statusOf(key)) === 'IGNORED');
    }
    await pipeline.until('the queue is empty', async () => {
      const { visible, inFlight, delayed } = await pipeline.count('deliveryQueue');
      return visible + inFlight + delayed === 0;
    });
    expect([(await pipeline.crmState()).calls, (await pipeline.count('quarantine')).visible]).toEqual([before, 0]);
  });
});

describe('Open Messaging', () => {
  const MESSAGE = JSON.stringify({ id: 'm-1', type: 'Text', text: 'Grüße ☎', channel: {} });

  function sender() {
    const found = pipeline.description.senders.find(({ name }) => name === 'genesys-open-messaging');
    if (found === undefined) throw new Error('Open Messaging is not deployed');
    return found;
  }

  async function post(body: string, key: SigningKey): Promise<number> {
    const headers = { 'x-hub-signature-256': `sha256=${sign(Buffer.from(body), key)}` };
    return (await fetch(sender().url, { method: 'POST', body, headers })).status;
  }

  async function withSecrets<Result>(use: (client: SecretsManagerClient) => Promise<Result>): Promise<Result> {
    const client = localSecretsManagerClient(pipeline.description.endpoints);
    try {
      return await use(client);
    } finally {
      client.destroy();
    }
  }

  it('is accepted with its own secret only, and settles as ignored', async () => {
    const { SecretString = '' } = await withSecrets((client) =>
      client.send(new GetSecretValueCommand({ SecretId: sender().secretArn })),
    );
    expect(await post(MESSAGE, await pipeline.signingKey())).toBe(401);
    expect(await post(MESSAGE, textSigningKeyFrom(SecretString) as SigningKey)).toBe(202);
    expect(await post(MESSAGE, textSigningKeyFrom(SecretString) as SigningKey)).toBe(202);
    await pipeline.until('it is ignored', async () => (await statusOf('EVENT#m-1|Text')) === 'IGNORED');
    // Signed with this secret, but by the stream's route.
    const signature = sign(Buffer.from(MESSAGE), textSigningKeyFrom(SecretString) as SigningKey);
    expect((await pipeline.post(MESSAGE, { 'x-genesys-cloud-signature': signature })).status).toBe(401);
  });

  it('is accepted with a version that is pending, and the log says so', async () => {
    const SecretString = 'Schlüssel: 鍵 🔑';
    await withSecrets((client) =>
      client.send(
        new PutSecretValueCommand({ SecretId: sender().secretArn, SecretString, VersionStages: ['AWSPENDING'] }),
      ),
    );
    const body = JSON.stringify({ id: 'm-2' });
    expect(await post(body, textSigningKeyFrom(SecretString) as SigningKey)).toBe(202);
    const ingest = pipeline.description.functions.find(({ logicalId }) => logicalId.startsWith('Ingest'));
    const log = () => pipeline.functionLog(ingest?.logicalId ?? '');
    await pipeline.until('it is in the log', () => log().includes('"eventId":"m-2"'));
    const lines = log();
    const accepted = lines.split('\n').filter((line) => line.includes('"delivery accepted"'));
    expect(accepted.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { eventId: 'm-1', source: 'genesys-open-messaging', secretStage: 'AWSCURRENT' },
      { eventId: 'm-1', source: 'genesys-open-messaging', secretStage: 'AWSCURRENT' },
      { eventId: 'm-2', source: 'genesys-open-messaging', secretStage: 'AWSPENDING' },
    ]);
    expect(lines).not.toContain(SecretString);
  });
});
