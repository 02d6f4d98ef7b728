/**
 * A proxy before DynamoDB that counts requests and the units they are billed for. The server is
 * asked for the units it consumed, which it reckons as AWS does (a transaction twice, each 1 KiB
 * written and each 4 KiB read). For what a condition refused it names none, though AWS bills it:
 * those are reckoned here, each item as no longer than 1 KiB.
 */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../local/http/loopback.ts';

/** Counts. */
export interface Metered {
  readonly requests: Readonly<Record<string, number>>;
  readonly refusedRequests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** A running proxy. */
export interface CapacityMeter {
  readonly url: string;
  read(): Metered;
  reset(): void;
  close(): Promise<void>;
}

const READS = new Set(['BatchGetItem', 'GetItem', 'Query', 'Scan']);
const REFUSED = /ConditionalCheckFailed/;

/** Starts the proxy before the server at `endpoint`. */
export async function startCapacityMeter(endpoint: string): Promise<CapacityMeter> {
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(endpoint);
  let count = emptyCount();
  const server = await listenOnLoopback((incoming, response) => {
    relay(incoming, response).catch(() => response.destroy());
  }, 0);

  async function relay(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    const asked = JSON.parse((await bytesOf(incoming)).toString('utf8')) as Asked;
    const body = JSON.stringify({ ...asked, ReturnConsumedCapacity: 'TOTAL' });
    const headers = { ...incoming.headers, host: `${hostname}:${port}`, 'content-length': Buffer.byteLength(body) };
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = httpRequest({ agent, hostname, port, method: 'POST', path: '/', headers }, resolve);
      sent.on('error', reject);
      sent.end(body);
    });
    const bytes = await bytesOf(answered);
    add(count, operation, asked, bytes.toString('utf8'));
    // The bytes under a header's checksum have passed unchanged.
    response.writeHead(answered.statusCode ?? 500, answered.headers).end(bytes);
  }

  return {
    url: server.url,
    read: () => ({ ...count, requests: { ...count.requests } }),
    reset: () => {
      count = emptyCount();
    },
    close: async () => {
      agent.destroy();
      await server.close();
    },
  };
}

interface Asked {
  readonly TransactItems?: readonly object[];
}

interface Count {
  readonly requests: Record<string, number>;
  refusedRequests: number;
  readUnits: number;
  writeUnits: number;
}

function emptyCount(): Count {
  return { requests: {}, refusedRequests: 0, readUnits: 0, writeUnits: 0 };
}

function add(count: Count, operation: string, asked: Asked, answer: string): void {
  count.requests[operation] = (count.requests[operation] ?? 0) + 1;
  const { ConsumedCapacity: consumed } = JSON.parse(answer) as { readonly ConsumedCapacity?: Consumed | Consumed[] };
  const units = [consumed ?? []].flat().reduce((sum, { CapacityUnits }) => sum + CapacityUnits, 0);
  if (READS.has(operation)) count.readUnits += units;
  else count.writeUnits += units;
  if (!REFUSED.test(answer)) return;
  count.refusedRequests += 1;
  count.writeUnits += asked.TransactItems === undefined ? 1 : 2 * asked.TransactItems.length;
}

interface Consumed {
  readonly CapacityUnits: number;
}

async function bytesOf(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
