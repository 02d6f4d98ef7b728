/**
 * Sends signed deliveries over so many connections, one at a time on each, for so long. In a process of its own, on
 * bare sockets, so that it takes as little as it can of the cores it shares with what is measured.
 */
import { connect, type Socket } from 'node:net';
import { signingKeyFrom } from '../lambdas/domain/signature.ts';
import { buildEvents } from '../local/send-events.ts';
import { readSendOptions } from '../local/send-options.ts';

/** One run. */
export interface LoadRequest {
  readonly url: string;
  readonly secret: string;
  readonly connections: number;
  readonly durationMs: number;
}

/** What one run came to: how long each delivery took that was answered 202, and how many were answered otherwise. */
export interface LoadResult {
  readonly elapsedMs: number;
  readonly latenciesMs: readonly number[];
  readonly refused: number;
}

/** As many different deliveries as are made up ahead of a run, and then sent in turn. */
const DELIVERIES = 2_000;

const ACCEPTED = 'HTTP/1.1 202';

process.on('message', (request: LoadRequest) => {
  run(request).then((result) => process.send?.(result));
});

async function run({ url, secret, connections, durationMs }: LoadRequest): Promise<LoadResult> {
  const requests = prepare(new URL(url), secret);
  const latenciesMs: number[] = [];
  let refused = 0;
  let next = 0;
  const startMs = performance.now();
  const endMs = startMs + durationMs;
  async function work(): Promise<void> {
    const connection = new Connection(new URL(url));
    while (performance.now() < endMs) {
      const sentMs = performance.now();
      const answer = await connection.exchange(requests[next++ % requests.length] ?? Buffer.alloc(0));
      if (answer.startsWith(ACCEPTED)) latenciesMs.push(performance.now() - sentMs);
      else refused += 1;
    }
    connection.close();
  }
  await Promise.all(Array.from({ length: connections }, work));
  return { elapsedMs: performance.now() - startMs, latenciesMs, refused };
}

/** Whole HTTP requests, head and body. */
function prepare({ host }: URL, secret: string): Buffer[] {
  const key = signingKeyFrom(secret);
  const options = readSendOptions(['--count', String(DELIVERIES)]);
  if (key === undefined || options === undefined) throw new Error('the bench’s own secret is not usable');
  return buildEvents(options, key, Date.now()).map(({ body, signature }) =>
    Buffer.concat([
      Buffer.from(
        `POST /v1/eventbridge/genesys HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\n` +
          `x-genesys-cloud-signature: ${signature}\r\ncontent-length: ${body.byteLength}\r\n\r\n`,
      ),
      body,
    ]),
  );
}

/** One connection that is kept alive. Knows of HTTP what the fronts answer: a length, or chunks. */
class Connection {
  readonly #socket: Socket;
  #received = '';
  #resolve: (answer: string) => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor({ hostname, port }: URL) {
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text: string) => this.#take(text));
    this.#socket.on('error', (error) => this.#reject(error));
    this.#socket.on('close', () => this.#reject(new Error('the front has closed a connection')));
  }

  exchange(request: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #take(text: string): void {
    this.#received += text;
    if (!isWhole(this.#received)) return;
    const answer = this.#received;
    this.#received = '';
    this.#resolve(answer);
  }
}

function isWhole(received: string): boolean {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = /\r\ncontent-length: (\d+)/i.exec(received)?.[1];
  return length === undefined ? received.endsWith('\r\n0\r\n\r\n') : received.length >= headEnd + 4 + Number(length);
}
