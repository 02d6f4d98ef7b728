/** The TCP ports that processes listen on, as the Linux kernel lists them. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** In the fourth column of /proc/net/tcp. */
const LISTENING = '0A';

/** A listening socket. */
export interface ListeningSocket {
  readonly pid: number;
  readonly address: string;
  readonly port: number;
}

/** Those of the processes, in the order of their ports. */
export function listeningSockets(pids: readonly number[]): readonly ListeningSocket[] {
  const listening = new Map([...tableOf('tcp'), ...tableOf('tcp6')]);
  return pids
    .flatMap((pid) => socketsOf(pid).flatMap((inode) => withPid(pid, listening.get(inode))))
    .sort((a, b) => a.port - b.port);
}

function withPid(pid: number, socket: Omit<ListeningSocket, 'pid'> | undefined): ListeningSocket[] {
  return socket === undefined ? [] : [{ pid, ...socket }];
}

/** Listening sockets by their inodes. */
function* tableOf(protocol: 'tcp' | 'tcp6'): Generator<[string, Omit<ListeningSocket, 'pid'>]> {
  for (const line of readFileSync(`/proc/net/${protocol}`, 'utf8').split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const [address = '', port = ''] = (columns[1] ?? '').split(':');
    if (columns[3] === LISTENING) yield [columns[9] ?? '', { address, port: Number.parseInt(port, 16) }];
  }
}

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`)) ?? [];
      return inode === undefined ? [] : [inode];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}
