/**
 * An HTTP server whose first connections are dead by their second request, as after a freeze of the
 * environment.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** A running server, and how many connections it has accepted. */
export interface ClosingServer {
  readonly url: string;
  readonly connections: number;
  close(): void;
}

/**
 * Answers each request `200` with `body`; resets the first `dead` connections when their second
 * request arrives.
 */
export async function startClosingServer(dead: number, body: string): Promise<ClosingServer> {
  const sockets: Socket[] = [];
  const response = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const server = createServer((socket) => {
    sockets.push(socket);
    const isDead = sockets.length <= dead;
    let answered = false;
    let received = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      if (answered && isDead) return void socket.resetAndDestroy();
      received += chunk.toString('latin1');
      const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
      const head = received.indexOf('\r\n\r\n');
      if (head < 0 || received.length < head + 4 + length) return;
      received = '';
      answered = true;
      socket.write(response);
    });
  });
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get connections() {
      return sockets.length;
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
