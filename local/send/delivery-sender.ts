/**
 * Delivers events: to the webhook as the sender does, patient, and again after 429, 5xx and failed
 * connections; or into the queue.
 */
import { type Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { OutgoingEvent, SignedEvent } from './send-events.ts';

/** Result of one delivery. */
export type DeliveryOutcome =
  | { readonly kind: 'accepted'; readonly latencyMs: number; readonly acceptedAtMs: number; readonly tries: number }
  /** Refused for good; status 0 where every try failed on the way. */
  | { readonly kind: 'refused'; readonly status: number; readonly tries: number };

/** The sender's patience with one try. */
const TRY_TIMEOUT_MS = 10_000;
const TRIES_MAX = 40;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

/** Settings of the sender. */
export interface SenderOptions<Event> {
  readonly deliver: (event: Event) => Promise<DeliveryOutcome>;
  readonly connections: number;
  readonly ratePerSecond: number | undefined;
  /** Once it is aborted no further delivery is begun. */
  readonly signal?: AbortSignal;
}

/**
 * Sends all deliveries with the given concurrency, at most at the given rate. Calls `onOutcome` for
 * each when it has ended.
 */
export async function sendDeliveries<Event extends OutgoingEvent>(
  deliveries: readonly Event[],
  options: SenderOptions<Event>,
  onOutcome: (event: Event, outcome: DeliveryOutcome) => void,
): Promise<void> {
  const startMs = performance.now();
  let next = 0;
  async function work(): Promise<void> {
    for (let index = next++; index < deliveries.length; index = next++) {
      const event = deliveries[index];
      if (event === undefined || options.signal?.aborted === true) return;
      if (options.ratePerSecond !== undefined) {
        const waitMs = startMs + (index / options.ratePerSecond) * 1_000 - performance.now();
        if (waitMs > 0) await sleep(waitMs);
      }
      onOutcome(event, await options.deliver(event));
    }
  }
  await Promise.all(Array.from({ length: options.connections }, work));
}

/**
 * Puts events into a queue as EventBridge does: the event as the message's body, without
 * attributes.
 */
export function queueDelivery(client: SQSClient, queueUrl: string): (event: OutgoingEvent) => Promise<DeliveryOutcome> {
  return async ({ body }) => {
    const startMs = performance.now();
    try {
      await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body.toString('utf8') }));
    } catch {
      // The SDK has retried already.
      return { kind: 'refused', status: 0, tries: 1 };
    }
    return { kind: 'accepted', latencyMs: performance.now() - startMs, acceptedAtMs: Date.now(), tries: 1 };
  };
}

/**
 * Posts events to the webhook over connections of `agent`. Reports the status of each try that is
 * to be repeated, or 0.
 */
export function webhookDelivery(
  webhookUrl: string,
  agent: Agent,
  onRetry: (status: number) => void = () => {},
): (event: SignedEvent) => Promise<DeliveryOutcome> {
  return (event) => deliver(event, webhookUrl, agent, onRetry);
}

async function deliver(
  event: SignedEvent,
  webhookUrl: string,
  agent: Agent,
  onRetry: (status: number) => void,
): Promise<DeliveryOutcome> {
  let status = 0;
  for (let tries = 1; tries <= TRIES_MAX; tries += 1) {
    const startMs = performance.now();
    status = await post(event, webhookUrl, agent);
    if (status === 202) {
      return { kind: 'accepted', latencyMs: performance.now() - startMs, acceptedAtMs: Date.now(), tries };
    }
    const mayPass = status === 0 || status === 429 || status >= 500;
    if (!mayPass) return { kind: 'refused', status, tries };
    onRetry(status);
    await sleep(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1)) * (0.5 + Math.random() / 2));
  }
  return { kind: 'refused', status, tries: TRIES_MAX };
}

/** The status, or 0 where there was no whole answer. */
function post(event: SignedEvent, webhookUrl: string, agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': event.body.byteLength,
      'x-genesys-cloud-signature': event.signature,
    };
    const request = httpRequest(webhookUrl, { agent, method: 'POST', headers, timeout: TRY_TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
      response.once('error', () => resolve(0));
      response.once('close', () => resolve(0));
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(0));
    request.end(event.body);
  });
}
