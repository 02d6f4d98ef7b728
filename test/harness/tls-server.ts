/** An HTTPS server on 127.0.0.1 with one of the certificates of test/fixtures/tls. */
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const FIXTURES = fileURLToPath(new URL('../fixtures/tls/', import.meta.url));

/** Serves `listener` over TLS at a free port of 127.0.0.1. */
export async function listenWithTls(
  certificate: string,
  listener: RequestListener,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const key = readFileSync(`${FIXTURES}${certificate}.key`);
  const cert = readFileSync(`${FIXTURES}${certificate}.crt`);
  const server = createServer({ key, cert }, listener);
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1' }, resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
