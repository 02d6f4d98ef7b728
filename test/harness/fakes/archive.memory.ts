/** The archive in memory: written by a processor, read by a replay. */
import type { ReceivedMessage } from '../../../lambdas/domain/delivery/envelope.ts';
import { hourPrefix } from '../../../lambdas/domain/replay/archive-keys.ts';
import {
  type ArchivedDelivery,
  archiveLine,
  readArchiveLine,
} from '../../../lambdas/domain/replay/archived-delivery.ts';
import type { ArchiveObjects, Clock, DeliveryArchive, Unavailable } from '../../../lambdas/ports.ts';

/** Each stored batch is an object. */
export class MemoryArchive implements DeliveryArchive, ArchiveObjects {
  readonly objects = new Map<string, readonly string[]>();
  /** Set: nothing can be stored, for this reason. */
  outage: string | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async store(messages: readonly ReceivedMessage[]): Promise<{ readonly kind: 'stored' } | Unavailable> {
    if (this.outage !== undefined) return { kind: 'unavailable', cause: this.outage };
    const nowMs = this.#clock.now();
    const key = `${hourPrefix(nowMs)}${String(this.objects.size).padStart(6, '0')}.gz`;
    this.objects.set(
      key,
      messages.map((message) => archiveLine(message, nowMs)),
    );
    return { kind: 'stored' };
  }

  async *keys(from: string, before: string): AsyncGenerator<string> {
    for (const key of [...this.objects.keys()].sort()) if (key > from && key < before) yield key;
  }

  async *read(key: string): AsyncGenerator<ArchivedDelivery | undefined> {
    const lines = this.objects.get(key);
    if (lines === undefined) throw new Error(`no object ${key}`);
    for (const line of lines) yield readArchiveLine(line);
  }
}
