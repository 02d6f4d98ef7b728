/** The body of a request to one of the local servers. */
import type { IncomingMessage } from 'node:http';

/** Reads it whole, as UTF-8. Rejects as soon as it is longer than `bytesMax`. */
export async function readText(request: IncomingMessage, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > bytesMax) throw new Error('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
