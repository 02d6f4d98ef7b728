/** The real bundles on the embedded servers, against a CRM that this test is. */
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { orderingKeyDigest } from '../../lambdas/domain/event/event-key.ts';
import { positionOf } from '../../lambdas/domain/idempotency/position.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

interface Call {
  readonly line: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

const TOKEN = 'a-token-of-the-test';
const calls: Call[] = [];
/** Response of the CRM; 200 unless a test sets another. */
let status: (call: Call) => number = () => 200;
let crm: LoopbackServer;
let pipeline: LocalPipelineProcess;

beforeAll(async () => {
  crm = await listenOnLoopback((request, response) => {
    void take(request).then((call) => {
      calls.push(call);
      response.writeHead(status(call)).end('{}');
    });
  }, 0);
  pipeline = await LocalPipelineProcess.start({
    context: LIMITS_IN_SECONDS,
    environment: { CRM_BASE_URL: `${crm.url}/tenant`, CRM_TOKEN: TOKEN },
  });
});

afterAll(async () => {
  await pipeline?.dispose();
  await crm?.close();
});

beforeEach(() => {
  calls.length = 0;
  status = () => 200;
});

async function take(request: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const { authorization, 'content-type': contentType, 'idempotency-key': key } = request.headers;
  return {
    line: `${request.method} ${request.url}`,
    headers: { authorization, contentType, key: typeof key === 'string' ? key : undefined },
    body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
  };
}

let ids = 0;
/** An id, and a phone number, of this test alone. */
function fresh(): { readonly id: string; readonly to: string } {
  ids += 1;
  return { id: `e-${ids}`, to: `+1555${String(ids).padStart(7, '0')}` };
}

function event(id: string, to: unknown, eventTimestamp: string, eventType = 'interaction.created'): string {
  return JSON.stringify({ eventBridgeEventId: id, eventType, eventTimestamp, interaction: { id: 'i', to } });
}

/** So many seconds ago. */
function ago(seconds: number): string {
  return new Date(Date.now() - seconds * 1_000).toISOString();
}

/** The event's row once nothing more happens to it by itself. */
async function settled(key: string) {
  let row: Readonly<Record<string, unknown>> | undefined;
  await pipeline.until(`${key} is dealt with`, async () => {
    row = (await pipeline.rows([key])).get(key);
    return row !== undefined && row.status !== 'IN_PROGRESS' && row.status !== 'FAILED';
  });
  return row;
}

async function deliveryQueueIsEmpty(): Promise<void> {
  await pipeline.until('the delivery queue is empty', async () => {
    const { visible, inFlight, delayed } = await pipeline.count('deliveryQueue');
    return visible + inFlight + delayed === 0;
  });
}

describe('the pipeline', () => {
  it('makes of a signed event one documented call', async () => {
    const { id, to } = fresh();
    const timestamp = ago(1);
    const response = await pipeline.post(event(id, to, timestamp));
    expect([response.status, await response.json()]).toEqual([202, { status: 'accepted', eventId: id }]);
    expect(await settled(`EVENT#${id}`)).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(calls).toEqual([
      {
        line: 'POST /tenant/api/v1/contacts',
        headers: { authorization: `Bearer ${TOKEN}`, contentType: 'application/json', key: id },
        body: { phone: to, lastCallTimestamp: timestamp },
      },
    ]);
  });

  it('drops duplicates, at once and afterwards', async () => {
    const { id, to } = fresh();
    const body = event(id, to, ago(1));
    await Promise.all(Array.from({ length: 12 }, () => pipeline.post(body)));
    await settled(`EVENT#${id}`);
    await pipeline.post(body);
    await deliveryQueueIsEmpty();
    expect(calls).toHaveLength(1);
  });

  it('never applies an older event over a newer one', async () => {
    const { id: newer, to } = fresh();
    const { id: older } = fresh();
    await pipeline.post(event(newer, to, ago(1)));
    await settled(`EVENT#${newer}`);
    await pipeline.post(event(older, to, ago(60)));
    expect(await settled(`EVENT#${older}`)).toMatchObject({ status: 'STALE', attempts: 0 });
    expect(calls.map(({ headers }) => headers.key)).toEqual([newer]);
  });

  it('goes on with the row of a contact that version 0.1.0 created, and never applies an older event over it', async () => {
    const { id: before, to } = fresh();
    const [{ id: older }, { id: newer }] = [fresh(), fresh()];
    const digest = orderingKeyDigest(to);
    const newest = positionOf({ timestampMs: Date.now() - 30_000, id: before });
    await pipeline.putRow(`CONTACT#${digest}`, { newest, unsettled: '' });
    await pipeline.post(event(older, to, ago(60)));
    expect(await settled(`EVENT#${older}`)).toMatchObject({ status: 'STALE', orderingKey: digest });
    await pipeline.post(event(newer, to, ago(1)));
    expect(await settled(`EVENT#${newer}`)).toMatchObject({ status: 'COMPLETED', orderingKey: digest });
    expect(calls.map(({ headers }) => headers.key)).toEqual([newer]);
    const { stdout } = await pipeline.event('--contact', to, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ count: 2, contacts: [{ newest: expect.stringContaining(newer) }] });
  });

  it('has no row of a new contact that a hash of its phone number finds', async () => {
    const { id, to } = fresh();
    await pipeline.post(event(id, to, ago(1)));
    const { orderingKey } = (await settled(`EVENT#${id}`)) ?? {};
    const digest = orderingKeyDigest(to);
    expect((await pipeline.rows([`CONTACT#${digest}`, `CONTACT#${orderingKey}`])).size).toBe(1);
    expect(orderingKey).toMatch(/^[0-9a-f]{64}$/);
    expect(orderingKey).not.toBe(digest);
  });

  it('applies the events of one contact one at a time, and ends with the newest, however they come', async () => {
    const { to } = fresh();
    const events = Array.from({ length: 10 }, (_, index) => ({ ...fresh(), at: ago(100 - index) }));
    await Promise.all(events.map(({ id, at }) => pipeline.post(event(id, to, at))));
    for (const { id } of events) await settled(`EVENT#${id}`);
    const applied = calls.map(({ body }) => (body as { readonly lastCallTimestamp: string }).lastCallTimestamp);
    expect(applied).toEqual([...applied].sort());
    expect(applied.at(-1)).toBe(events.at(-1)?.at);
  });

  it('tries a failed call again, under the same key', async () => {
    const { id, to } = fresh();
    status = () => (calls.length < 3 ? 503 : 200);
    await pipeline.post(event(id, to, ago(1)));
    expect(await settled(`EVENT#${id}`)).toMatchObject({ status: 'COMPLETED', attempts: 3 });
    expect(calls.map(({ headers }) => headers.key)).toEqual([id, id, id]);
  });

  it('processes a bare message that was put into the delivery queue by hand', async () => {
    const { id, to } = fresh();
    await pipeline.putMessage(event(id, to, ago(1)));
    expect(await settled(`EVENT#${id}`)).toMatchObject({ status: 'COMPLETED' });
    expect(calls.map(({ body }) => body)).toEqual([expect.objectContaining({ phone: to })]);
  });

  it('takes a body over byte for byte that SQS would corrupt', async () => {
    const { id } = fresh();
    const to = 'sip:\u0001\uffff😀@example.com';
    // Escaped by nobody: the characters themselves are in the body.
    const body = event(id, 'TO', ago(1)).replace('"TO"', `"${to.replace('\u0001', '')}"`);
    expect((await pipeline.post(body)).status).toBe(202);
    await settled(`EVENT#${id}`);
    expect(calls.map((call) => (call.body as { readonly phone: string }).phone)).toEqual(['\uffff😀@example.com']);
  });

  it.each([
    ['what is refused by the CRM', (id: string, to: string) => event(id, to, ago(1)), 'crm_rejected'],
    ['an event without what its type needs', (id: string) => event(id, '', ago(1)), 'invalid_event'],
    ['an event from the future', (id: string, to: string) => event(id, to, ago(-3_600)), 'invalid_event'],
    ['an event older than what is remembered', (id: string, to: string) => event(id, to, ago(50 * 86_400)), 'too_old'],
  ] as const)('quarantines %s, with its reason, and delivers its neighbours', async (_what, make, reason) => {
    const bad = fresh();
    const good = fresh();
    status = ({ headers }) => (headers.key === bad.id ? 422 : 200);
    await Promise.all([pipeline.post(make(bad.id, bad.to)), pipeline.post(event(good.id, good.to, ago(1)))]);
    expect(await settled(`EVENT#${good.id}`)).toMatchObject({ status: 'COMPLETED' });
    expect(await settled(`EVENT#${bad.id}`)).toMatchObject({ status: 'QUARANTINED', reason });
  });

  it('accepts a signed body that is not JSON, and quarantines it', async () => {
    const response = await pipeline.post('this is not JSON');
    expect([response.status, await response.json()]).toEqual([202, { status: 'accepted', eventId: null }]);
    await pipeline.until('it is in quarantine', async () =>
      (await pipeline.quarantined('invalid_event')).some(({ lastError }) => String(lastError).includes('JSON')),
    );
    expect(calls).toEqual([]);
  });

  it('settles as ignored what no mapping handles', async () => {
    const { id, to } = fresh();
    await pipeline.post(event(id, to, ago(1), 'user.presence.changed'));
    expect(await settled(`EVENT#${id}`)).toMatchObject({ status: 'IGNORED', attempts: 0 });
    expect(calls).toEqual([]);
  });

  it('quarantines another event that comes with a known id', async () => {
    const { id, to } = fresh();
    await pipeline.post(event(id, to, ago(5)));
    await settled(`EVENT#${id}`);
    await pipeline.post(event(id, to, ago(4)));
    await pipeline.until('it is in quarantine', async () =>
      (await pipeline.quarantined('id_reused')).some(({ eventId }) => eventId === id),
    );
    expect(calls).toHaveLength(1);
  });

  it('applies what was in quarantine after the redrive that the SQS console starts', async () => {
    const { id, to } = fresh();
    status = () => 422;
    await pipeline.post(event(id, to, ago(1)));
    expect(await settled(`EVENT#${id}`)).toMatchObject({ status: 'QUARANTINED', reason: 'crm_rejected' });
    status = () => 200;
    await pipeline.redriveAll();
    await pipeline.until('it is applied', async () => {
      const row = (await pipeline.rows([`EVENT#${id}`])).get(`EVENT#${id}`);
      return row?.status === 'COMPLETED' && row.redrives === 1;
    });
    expect(calls.filter(({ headers }) => headers.key === id)).toHaveLength(2);
    // Messages that can never be processed are back in quarantine, and none is lost.
    await deliveryQueueIsEmpty();
    expect((await pipeline.quarantined('crm_rejected')).map(({ eventId }) => eventId)).not.toContain(id);
  });

  it('keeps secrets, payloads and phone numbers out of its logs', async () => {
    const { id, to } = fresh();
    status = () => 422;
    await pipeline.post(event(id, to, ago(1)));
    await settled(`EVENT#${id}`);
    const logs = pipeline.description.functions.map(({ logicalId }) => pipeline.functionLog(logicalId)).join('');
    expect(logs).toContain(id);
    const key = Buffer.from(await pipeline.signingKey());
    for (const secret of [TOKEN, key.toString('hex'), key.toString('base64'), to]) expect(logs).not.toContain(secret);
  });
});
