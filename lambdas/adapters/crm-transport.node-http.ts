/** One request to the CRM over `node:http`, with connections that are kept alive. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { CrmTransport, TransportRequest, TransportResult } from '../ports.ts';

/**
 * Bytes of a body that are read and decoded at most. A longer body costs the connection, not
 * memory.
 */
const BODY_BYTES_MAX = 256 * 1_024;

/** Node's default of 16 KiB is less than some gateways send. */
const HEADER_BYTES_MAX = 64 * 1_024;

/** For a small POST `node:http` takes a fraction of the CPU that `fetch` does. */
export class NodeHttpTransport implements CrmTransport {
  #agent: HttpAgent | undefined;
  #agentFor: TransportRequest['tls'];

  send({ method, baseUrl, path, headers, body, tls }: TransportRequest, budgetMs: number): Promise<TransportResult> {
    const options: RequestOptions = {
      method,
      protocol: baseUrl.protocol,
      hostname: baseUrl.hostname.replace(/^\[|\]$/g, ''),
      port: baseUrl.port,
      path,
      maxHeaderSize: HEADER_BYTES_MAX,
      headers,
      agent: this.#agentOf(baseUrl, tls),
    };
    return exchange(options, body, budgetMs);
  }

  /** One agent, and its connections, for as long as certificates and protocol stay the same. */
  #agentOf({ protocol }: URL, tls: TransportRequest['tls']): HttpAgent {
    const secure = protocol === 'https:';
    const isUsable =
      this.#agent !== undefined && this.#agentFor === tls && this.#agent instanceof HttpsAgent === secure;
    if (!isUsable)
      this.#agent = secure ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
    this.#agentFor = tls;
    return this.#agent as HttpAgent;
  }
}

function exchange(options: RequestOptions, body: Buffer | undefined, budgetMs: number): Promise<TransportResult> {
  return new Promise((resolve) => {
    let connected = false;
    let timedOut = false;
    let hasStatus = false;
    const isSecure = options.protocol === 'https:';
    const request = (isSecure ? httpsRequest : httpRequest)(options, (response) => {
      hasStatus = true;
      readResponse(response).then(end);
    });
    // Not an `AbortSignal.timeout`: that runs out for calls that ended long ago as well.
    const timer = setTimeout(() => {
      timedOut = true;
      request.destroy();
    }, budgetMs);
    const end = (result: TransportResult) => {
      clearTimeout(timer);
      resolve(result);
    };
    const connectEvent = isSecure ? 'secureConnect' : 'connect';
    request.on('socket', (socket) => {
      if (request.reusedSocket) connected = true;
      else socket.once(connectEvent, () => (connected = true));
    });
    // Without a listener Node would close the connection of a CRM that wants another protocol, and
    // say nothing.
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      end(answered(response, ''));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (hasStatus) return;
      const cause = timedOut ? 'timeout' : errorName(error);
      if (!timedOut && request.reusedSocket && error.code === 'ECONNRESET') return end({ kind: 'stale_connection' });
      // Node's parser refuses the response. The CRM has answered, so it is not down.
      if (error.code?.startsWith('HPE_')) return end({ kind: 'unreadable', cause });
      end({ kind: connected ? 'unknown' : 'not_sent', cause });
    });
    request.end(body);
  });
}

/**
 * Never rejects: once status line and headers are in, a broken or endless body does not change the
 * status.
 */
async function readResponse(response: IncomingMessage): Promise<TransportResult> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of (await decoded(response)) as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, BODY_BYTES_MAX - length));
      length += chunk.byteLength;
      if (length >= BODY_BYTES_MAX) break;
    }
  } catch {
    // The status stands; what has arrived of the body is kept for people.
  }
  if (!response.complete) response.destroy();
  return answered(response, textOf(Buffer.concat(chunks), response.headers['content-type']));
}

/** The body without its content encodings. One that is unknown is left as it is. */
async function decoded(response: IncomingMessage): Promise<Readable> {
  const names = (response.headers['content-encoding'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (names.every((name) => name === '' || name === 'identity')) return response;
  const { createBrotliDecompress, createUnzip } = await import('node:zlib');
  const decoders = names.reverse().flatMap((name): Transform[] => {
    if (name === 'br') return [createBrotliDecompress()];
    return ['gzip', 'x-gzip', 'deflate'].includes(name) ? [createUnzip()] : [];
  });
  const last = decoders.at(-1);
  if (last === undefined) return response;
  // The reader of `last` gets the error.
  pipeline([response, ...decoders], () => undefined);
  return last;
}

function textOf(bytes: Buffer, contentType = ''): string {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function answered(response: IncomingMessage, text: string): TransportResult {
  return { kind: 'answered', status: response.statusCode ?? 0, headers: headersOf(response), text };
}

function headersOf({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}
