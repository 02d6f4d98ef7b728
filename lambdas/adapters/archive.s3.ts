/** The archive, read from its bucket. */
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { decodeArchive } from '../archive-object.ts';
import { ARCHIVE_PREFIX } from '../domain/replay/archive-keys.ts';
import type { ArchivedDelivery } from '../domain/replay/archived-delivery.ts';
import type { ArchiveObjects } from '../ports.ts';

/** Reads one bucket. Rejects if S3 does not answer, or refuses. */
export class S3ArchiveObjects implements ArchiveObjects {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async *keys(from: string, before: string): AsyncGenerator<string> {
    const request = { Bucket: this.#bucket, Prefix: ARCHIVE_PREFIX, StartAfter: from };
    for await (const { Contents = [] } of paginateListObjectsV2({ client: this.#client }, request)) {
      for (const { Key = '' } of Contents) {
        if (Key >= before) return;
        yield Key;
      }
    }
  }

  async *read(key: string): AsyncGenerator<ArchivedDelivery | undefined> {
    const { Body } = await this.#client.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
    // All of it: a replay reads more slowly than S3 keeps a response open.
    yield* decodeArchive((await Body?.transformToByteArray()) ?? new Uint8Array());
  }
}
