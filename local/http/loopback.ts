/** Listening on 127.0.0.1 and nowhere else. */
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';

/** The only address that anything of the local pipeline listens on. */
export const LOOPBACK = '127.0.0.1';

/**
 * Ports from 1024 on that Chromium, Firefox and Safari all refuse to open ("bad ports" of the Fetch
 * standard), so that no page can reach a server there, by whatever name and method. For servers
 * that cannot refuse web pages themselves.
 */
export const PORTS_NO_BROWSER_OPENS: readonly number[] = [
  1719, 1720, 1723, 2049, 3659, 4045, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10080,
];

/** A server that listens. */
export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  /** No new connections; those under way are cut. */
  close(): Promise<void>;
}

/**
 * Longer than any client of ours keeps a connection, so that none is closed just as a request is
 * sent.
 */
const KEEP_ALIVE_MS = 75_000;

/** Serves `listener` at `port`, 0 for any that is free. Rejects with the system's error. */
export function listenOnLoopback(listener: RequestListener, port: number): Promise<LoopbackServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: KEEP_ALIVE_MS + 5_000 }, listener);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: LOOPBACK }, () => {
      const bound = (server.address() as AddressInfo).port;
      resolve({ url: `http://${LOOPBACK}:${bound}`, port: bound, close: () => close(server) });
    });
  });
}

function close(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** True if the port was free a moment ago. */
export function isFreePort(port: number): Promise<boolean> {
  return listenForAMoment(port).then(
    () => true,
    () => false,
  );
}

/** A port that was free a moment ago, for a server that must be given one. */
export function findFreePort(): Promise<number> {
  return listenForAMoment(0);
}

function listenForAMoment(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createNetServer();
    probe.once('error', reject);
    probe.listen({ port, host: LOOPBACK }, () => {
      const { port: bound } = probe.address() as AddressInfo;
      probe.close(() => resolve(bound));
    });
  });
}
