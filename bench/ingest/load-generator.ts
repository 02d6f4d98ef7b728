/**
 * Sends signed deliveries with autocannon, in a process of its own: 0.02 ms of CPU a request,
 * measured beside a server that only answers, so that it leaves the cores to what is measured.
 */
import autocannon from 'autocannon';
import { signingKeyFrom } from '../../lambdas/domain/delivery/signature.ts';
import { buildEvents } from '../../local/send/send-events.ts';
import { readSendOptions } from '../../local/send/send-options.ts';

/** One run. */
export interface LoadRequest {
  readonly url: string;
  readonly secret: string;
  readonly connections: number;
  readonly durationMs: number;
}

/**
 * Result of a run: the latency of each delivery answered 202, and the number of all other
 * responses.
 */
export interface LoadResult {
  readonly elapsedMs: number;
  readonly latenciesMs: readonly number[];
  readonly refused: number;
}

/** Distinct deliveries, sent in turn on each connection. */
const DELIVERIES = 2_000;

process.on('message', (request: LoadRequest) => {
  run(request).then((result) => process.send?.(result));
});

function run({ url, secret, connections, durationMs }: LoadRequest): Promise<LoadResult> {
  const latenciesMs: number[] = [];
  let failed = 0;
  let startMs = 0;
  let endMs = 0;
  return new Promise((resolve, reject) => {
    const options = { url, connections, duration: durationMs / 1_000, requests: deliveries(secret) };
    const load = autocannon(options, (error: Error | null, result) => {
      if (error !== null) reject(error);
      else resolve({ elapsedMs: endMs - startMs, latenciesMs, refused: failed + result.errors });
    });
    load.on('response', (_client, statusCode, _bytes, responseTimeMs) => {
      // autocannon ends a run at its next tick, up to a second late: the time counts from response
      // to response.
      endMs = performance.now();
      if (startMs === 0) startMs = endMs - responseTimeMs;
      if (statusCode === 202) latenciesMs.push(responseTimeMs);
      else failed += 1;
    });
  });
}

function deliveries(secret: string): autocannon.Request[] {
  const key = signingKeyFrom(secret);
  const options = readSendOptions(['--count', String(DELIVERIES)]);
  if (key === undefined || options === undefined) throw new Error('the secret of the bench is not usable');
  return buildEvents(options, key, Date.now()).map(({ body, signature }) => ({
    method: 'POST',
    path: '/v1/eventbridge/genesys',
    headers: { 'content-type': 'application/json', 'x-genesys-cloud-signature': signature },
    body: Buffer.from(body),
  }));
}
