/**
 * Hostile requests over HTTP and hostile messages in the delivery queue, on the real bundles and
 * servers.
 */
import { Agent, request as httpRequest } from 'node:http';
import { type Message, SendMessageCommand } from '@aws-sdk/client-sqs';
import fc from 'fast-check';
import { decodeEnvelope, type Envelope } from '../../lambdas/domain/delivery/envelope.ts';
import { bodyKey, eventKey } from '../../lambdas/domain/event/event-key.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { parseRedriveRequest } from '../../lambdas/domain/quarantine/redrive-request.ts';
import { localSqsClient } from '../../local/local-clients.ts';
import { isDone } from '../../local/send/event-outcomes.ts';
import type { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { hostileMessage } from './hostile-messages.ts';
import { expectedStatus, type HostileRequest, hostileRequest } from './hostile-requests.ts';
import { count, type Tally } from './ingest-fuzz.ts';
import { hostileRedriveRequest } from './redrive-fuzz.ts';
import { asReceived, rowKeyOf, rowKeyOfMessage } from './row-key.ts';

/** Amount to send, and the seed. */
export interface LiveFuzzOptions {
  readonly requests: number;
  readonly messages: number;
  readonly seed: number;
  /** Time within which everything must be settled. */
  readonly patienceMs: number;
  readonly onProgress?: (text: string) => void;
}

/** Result. `problems` must be empty. */
export interface LiveFuzzReport {
  readonly statuses: Tally;
  /** Rows of all that was accepted or put into the queue. */
  readonly outcomes: Tally;
  /** Response of the redrive function. */
  readonly redrives: Tally;
  /** Bodies found in quarantine byte for byte, and contacts found in the CRM. */
  readonly recovered: number;
  readonly problems: readonly string[];
}

const CONNECTIONS = 16;
/** Longer ones would only fill the disk; each side of the edge comes often enough. */
const LONG_BYTES = 100_000;
const LONG_MAX = 12;

/** Each that is understood looks through all of quarantine, which takes seconds. */
const REDRIVE_REQUESTS = 60;
const UNDERSTOOD_MAX = 2;

/** Text that must never occur in a function's log. */
const OUR_FAULT = /failed by a bug|invocation failed|Task timed out|crashed|does not load|Runtime\./;

/** Sends it all, waits for its end, and looks at both ends. */
export async function fuzzLive(pipeline: LocalPipelineProcess, options: LiveFuzzOptions): Promise<LiveFuzzReport> {
  const { seed, onProgress = () => {} } = options;
  const key = await pipeline.signingKey();
  const nowMs = Date.now();
  const problems: string[] = [];
  const statuses: Tally = new Map();
  const requests = fewLong(
    fc.sample(hostileRequest([key], nowMs), { seed, numRuns: options.requests }),
    ({ body }) => body.byteLength,
  ).map((request) => ({ ...request, signature: request.signature?.trim() }));
  const messages = fewLong(
    fc.sample(hostileMessage(nowMs), { seed, numRuns: options.messages }),
    ({ body }) => body.length,
  );
  const rows: Bodies = new Map();

  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  await inParallel(requests, async (request, index) => {
    const status = await post(request, pipeline.description.webhookUrl, agent);
    count(statuses, String(status));
    const expected = expectedStatus(request, [key]);
    if (status !== expected)
      problems.push(`request ${index}: ${status} instead of ${expected} for ${shown(request.body)}`);
    if (status === 202) keep(rows, rowKeyOf(request.body), request.body);
    onProgress(`${index + 1} of ${requests.length} requests`);
  });
  agent.destroy();

  const sqs = localSqsClient(pipeline.description.endpoints);
  try {
    await inParallel(messages, async (message, index) => {
      await sqs.send(putCommand(pipeline.description.deliveryQueue.url, message));
      keep(rows, rowKeyOfMessage(message), decodeEnvelope(asReceived(message, nowMs)).bytes);
      onProgress(`${index + 1} of ${messages.length} messages`);
    });
    const outcomes = await waitForEnd(pipeline, rows, options, problems);
    const redrives = await invokeRedrive(pipeline, seed, problems);
    const recovered = await recover(pipeline, rows, outcomes, problems);
    for (const { logicalId } of pipeline.description.functions) {
      const line = pipeline
        .functionLog(logicalId)
        .split('\n')
        .find((text) => OUR_FAULT.test(text));
      if (line !== undefined) problems.push(`${logicalId} logged: ${line.slice(0, 300)}`);
    }
    const tally: Tally = new Map();
    for (const { status, reason } of outcomes.values()) count(tally, [status, reason].filter(Boolean).join(' '));
    return { statuses, outcomes: tally, redrives, recovered, problems };
  } finally {
    sqs.destroy();
  }
}

/** All bodies that came for a row. */
type Bodies = Map<string, readonly Uint8Array[]>;

function keep(bodies: Bodies, rowKey: string, body: Uint8Array): void {
  bodies.set(rowKey, [...(bodies.get(rowKey) ?? []), body]);
}

function fewLong<Item>(items: readonly Item[], lengthOf: (item: Item) => number): Item[] {
  let long = 0;
  return items.filter((item) => lengthOf(item) <= LONG_BYTES || ++long <= LONG_MAX);
}

async function inParallel<Item>(items: readonly Item[], act: (item: Item, index: number) => Promise<void>) {
  let next = 0;
  const work = async () => {
    for (let index = next++; index < items.length; index = next++) await act(items[index] as Item, index);
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

function post({ body, signature, headers: others, query }: HostileRequest, url: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      ...others,
      'content-length': body.byteLength,
      ...(signature === undefined ? {} : { 'x-genesys-cloud-signature': signature }),
    };
    const request = httpRequest(`${url}${query}`, { agent, method: 'POST', headers }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    request.once('error', () => resolve(0));
    request.end(body);
  });
}

function putCommand(queueUrl: string, { body, attributes }: Envelope): SendMessageCommand {
  const typed = Object.entries(attributes)
    // The SDK cannot send an attribute of this name.
    .filter(([name]) => name !== '__proto__')
    .map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]);
  return new SendMessageCommand({
    QueueUrl: queueUrl,
    MessageBody: body,
    MessageAttributes: Object.fromEntries(typed),
  });
}

async function waitForEnd(
  pipeline: LocalPipelineProcess,
  rows: Bodies,
  { patienceMs, onProgress = () => {} }: LiveFuzzOptions,
  problems: string[],
) {
  const keys = [...rows.keys()];
  let outcomes = await pipeline.outcomes(keys);
  const dealtWith = async () => {
    outcomes = await pipeline.outcomes(keys);
    const open = keys.filter((rowKey) => !isDone(outcomes.get(rowKey)));
    onProgress(`${keys.length - open.length} of ${keys.length} dealt with`);
    const { visible, inFlight, delayed } = await pipeline.count('deliveryQueue');
    return open.length === 0 && visible + inFlight + delayed === 0;
  };
  await pipeline.until('everything is dealt with', dealtWith, patienceMs).catch(() => {
    for (const [rowKey, [body]] of rows)
      if (!isDone(outcomes.get(rowKey))) problems.push(`never dealt with: ${rowKey}, ${shown(body)}`);
    if (problems.length === 0) problems.push('the delivery queue does not become empty');
  });
  return outcomes;
}

/**
 * Hostile requests for the redrive function. Those that it understands only look: what waits is to
 * be found after them.
 */
async function invokeRedrive(pipeline: LocalPipelineProcess, seed: number, problems: string[]): Promise<Tally> {
  const answers: Tally = new Map();
  const requests = fc.sample(hostileRedriveRequest, { seed, numRuns: REDRIVE_REQUESTS });
  let understood = 0;
  for (const request of requests) {
    const { kind } = parseRedriveRequest(request, DEFAULT_LIMITS);
    if (kind === 'request' && ++understood > UNDERSTOOD_MAX) continue;
    const given = kind === 'refused' ? request : { ...(request as object), dryRun: true };
    const { functionError, answer } = await pipeline.invokeRedrive(given);
    count(answers, String(answer.kind ?? answer.errorType));
    if (functionError)
      problems.push(`redrive failed for ${JSON.stringify(given).slice(0, 300)}: ${JSON.stringify(answer)}`);
  }
  return answers;
}

/**
 * Finds each body again: what is quarantined in the quarantine queue, what is applied in the CRM.
 */
async function recover(
  pipeline: LocalPipelineProcess,
  rows: Bodies,
  outcomes: Awaited<ReturnType<LocalPipelineProcess['outcomes']>>,
  problems: string[],
): Promise<number> {
  const quarantined = new Set((await pipeline.takeQuarantined()).map(digestOf));
  const applied = new Set(
    (await pipeline.crmCalls()).filter(({ outcome }) => outcome === 'applied').map(({ key }) => eventKey(key ?? '')),
  );
  let recovered = 0;
  for (const [rowKey, bodies] of rows) {
    const status = outcomes.get(rowKey)?.status;
    if (status !== 'QUARANTINED' && status !== 'COMPLETED') continue;
    const found = status === 'COMPLETED' ? applied.has(rowKey) : bodies.some((body) => quarantined.has(bodyKey(body)));
    if (found) recovered += 1;
    else problems.push(`${status}, and not found again: ${rowKey}, ${shown(bodies[0])}`);
  }
  return recovered;
}

function digestOf({ Body = '', MessageAttributes = {} }: Message): string {
  const texts = Object.entries(MessageAttributes).map(([name, { StringValue = '' }]) => [name, StringValue]);
  return bodyKey(decodeEnvelope(asReceived({ body: Body, attributes: Object.fromEntries(texts) }, 0)).bytes);
}

function shown(body: Uint8Array = new Uint8Array()): string {
  const text = JSON.stringify(Buffer.from(body).toString('latin1'));
  return text.length <= 300 ? text : `${text.slice(0, 300)}… (${body.byteLength} bytes)`;
}
