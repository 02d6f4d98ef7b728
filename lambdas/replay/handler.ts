/** The replay function: the archive in, delivery queue out. Wiring only. */
import middy from '@middy/core';
import { S3ArchiveObjects } from '../adapters/archive.s3.ts';
import { SqsBatchQueue } from '../adapters/bulk-queue.sqs.ts';
import { systemClock, systemSleep } from '../adapters/clock.system.ts';
import { PowertoolsLog } from '../adapters/log.powertools.ts';
import { s3Client, sqsClient } from '../aws-clients.ts';
import type { ReplayResult } from '../domain/replay/replay-request.ts';
import { readReplayEnvironment } from './env.ts';
import { handleReplayRequest } from './replay.ts';

const { archiveBucketName, deliveryQueueUrl, limits } = readReplayEnvironment(process.env);

/**
 * Time that ten messages of up to 1 MiB, or an object of the archive, may take beyond a call of the
 * processor.
 */
const BULK_EXTRA_MS = 2_000;

const bounds = { tries: limits.storeTries, tryMs: limits.storeTryMs + BULK_EXTRA_MS };
const dependencies = {
  archive: new S3ArchiveObjects(s3Client(bounds), archiveBucketName),
  deliveryQueue: new SqsBatchQueue(sqsClient(bounds), deliveryQueueUrl, limits.storeBudgetMs + BULK_EXTRA_MS),
  clock: systemClock,
  sleep: systemSleep,
  log: new PowertoolsLog('replay'),
};

/** Answers what was asked for, what is wrong with the request included; throws only for a bug. */
export const handler = middy<unknown, ReplayResult>().handler((request) => handleReplayRequest(request, dependencies));
