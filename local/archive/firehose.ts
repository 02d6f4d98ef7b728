/**
 * Firehose's endpoint, as much of it as the archive needs (AWS JSON protocol 1.1): each record
 * becomes an object of its own in the local S3, at once.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { CreateBucketCommand, HeadBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { messageOf } from '../../cli/user-error.ts';
import { hourPrefix } from '../../lambdas/domain/replay/archive-keys.ts';
import { guarded } from '../http/guard.ts';
import { type LoopbackServer, listenOnLoopback } from '../http/loopback.ts';
import { readText } from '../http/request-text.ts';

/** A delivery stream as the template has it. */
export interface DeliveryStreamSpec {
  readonly name: string;
  readonly bucketName: string;
}

/** A record of 1,000 KiB in Base64, and what is around it. */
const REQUEST_BYTES_MAX = 1_500_000;

/** Serves `streams` on a free port, to clients that have the access key. Makes their buckets. */
export async function serveFirehose(
  streams: readonly DeliveryStreamSpec[],
  s3: S3Client,
  accessKey: string,
): Promise<LoopbackServer> {
  for (const { bucketName } of streams) await makeBucket(s3, bucketName);
  const listener: RequestListener = (request, response) => {
    answer(streams, s3, request, response).catch(() => response.destroy());
  };
  return listenOnLoopback(guarded(listener, { accessKey }), 0);
}

async function makeBucket(s3: S3Client, Bucket: string): Promise<void> {
  const isThere = await s3.send(new HeadBucketCommand({ Bucket })).then(
    () => true,
    () => false,
  );
  if (!isThere) await s3.send(new CreateBucketCommand({ Bucket }));
}

async function answer(
  streams: readonly DeliveryStreamSpec[],
  s3: S3Client,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const { DeliveryStreamName, Record } = JSON.parse(await readText(request, REQUEST_BYTES_MAX)) as {
      readonly DeliveryStreamName?: unknown;
      readonly Record?: { readonly Data?: unknown };
    };
    const stream = streams.find(({ name }) => name === DeliveryStreamName);
    const action = String(request.headers['x-amz-target']).split('.').at(-1);
    if (action !== 'PutRecord') return refuse(response, `${action} is not supported by the local Firehose`);
    if (stream === undefined || typeof Record?.Data !== 'string')
      return refuse(response, 'no such delivery stream, or no record');
    const id = randomUUID();
    const Key = `${hourPrefix(Date.now())}${Date.now()}-${id}.gz`;
    const Body = Buffer.from(Record.Data, 'base64');
    await s3.send(new PutObjectCommand({ Bucket: stream.bucketName, Key, Body }));
    send(response, 200, { RecordId: id, Encrypted: false });
  } catch (error) {
    refuse(response, `the record cannot be kept: ${messageOf(error)}`);
  }
}

function refuse(response: ServerResponse, message: string): void {
  send(response, 400, { __type: 'InvalidArgumentException', message });
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
