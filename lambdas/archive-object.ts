/**
 * The archive's form: gzip members one after the other, which together are one gzip file; its text
 * has a line for each delivery.
 */
import { promisify } from 'node:util';
import { createGunzip, gzip } from 'node:zlib';
import type { ReceivedMessage } from './domain/delivery/envelope.ts';
import { type ArchivedDelivery, archiveLine, readArchiveLine } from './domain/replay/archived-delivery.ts';

/** Largest record of Firehose, before Base64 (Amazon Data Firehose quota). */
const RECORD_BYTES_MAX = 1_000 * 1_024;

const zip = promisify(gzip);

/**
 * Messages as records of Firehose: one record if all fit into it together, because each record is
 * billed as 5 KB at least.
 */
export async function encodeArchive(messages: readonly ReceivedMessage[], archivedAtMs: number): Promise<Uint8Array[]> {
  const lines = messages.map((message) => archiveLine(message, archivedAtMs));
  const together = await zip(lines.join(''));
  if (together.byteLength <= RECORD_BYTES_MAX || lines.length === 1) return [together];
  return Promise.all(lines.map((line) => zip(line)));
}

/**
 * The deliveries of an object, in its order; undefined for a line that cannot be read, and once for
 * the rest of an object that is damaged or not gzip. Holds one line at a time: the text of an
 * object may be a thousand times as large.
 */
export async function* decodeArchive(object: Uint8Array): AsyncGenerator<ArchivedDelivery | undefined> {
  const decoder = new TextDecoder();
  const unzip = createGunzip();
  unzip.end(object);
  let parts: string[] = [];
  try {
    for await (const chunk of unzip) {
      const [first = '', ...others] = decoder.decode(chunk as Uint8Array, { stream: true }).split('\n');
      parts.push(first);
      for (const next of others) {
        yield* deliveryOf(parts);
        parts = [next];
      }
    }
    yield* deliveryOf([...parts, decoder.decode()]);
  } catch {
    yield undefined;
  }
}

function* deliveryOf(parts: readonly string[]): Generator<ArchivedDelivery | undefined> {
  const line = parts.join('');
  if (line !== '') yield readArchiveLine(line);
}
