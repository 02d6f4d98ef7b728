/** `npm run send`: signs events, sends them to the local pipeline, and says what became of them. */

import '../cli/output-errors.ts';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { runCommand } from '../cli/command.ts';
import { Progress } from '../cli/progress.ts';
import { UserError } from '../cli/user-error.ts';
import { readEventRows } from '../lambdas/adapters/event-rows.dynamodb.ts';
import { type SigningKey, signingKeyFrom } from '../lambdas/domain/delivery/signature.ts';
import { readCrmCalls, readCrmRecords } from '../local/crm/crm-client.ts';
import { FAKE_VENDORS } from '../local/crm/fakes/vendors.ts';
import { buildPartnerEvents } from '../local/genesys/partner-events.ts';
import { localDynamoDbClient, localSecretsManagerClient, localSqsClient } from '../local/local-clients.ts';
import { findPipeline, type PipelineDescription } from '../local/pipeline-file.ts';
import { queueDelivery, type SenderOptions, sendDeliveries, webhookDelivery } from '../local/send/delivery-sender.ts';
import { type EventOutcome, isDone, waitsForCrm } from '../local/send/event-outcomes.ts';
import { arrangeDeliveries, buildEvents, type OutgoingEvent } from '../local/send/send-events.ts';
import { readSendOptions, type SendOptions } from '../local/send/send-options.ts';
import { formatReport, reportOn, type SendReport, type SendRun } from '../local/send/send-report.ts';
import { dataDirFrom } from '../local/settings.ts';

const LOOK_EVERY_MS = 400;

async function main(options: SendOptions): Promise<number> {
  if (options.exportSecret) {
    process.stdout.write(`export EVENTBRIDGE_SECRET=${await readSecret(findPipeline(dataDirFrom(process.env)))}\n`);
    return 0;
  }
  const report = await run(options, dataDirFrom(process.env));
  process.stdout.write(`${options.json ? JSON.stringify(report, undefined, 2) : formatReport(report)}\n`);
  return report.exactlyOnce ? 0 : 1;
}

async function run(options: SendOptions, dataDir: string): Promise<SendReport> {
  const pipeline = findPipeline(dataDir);
  const progress = new Progress();
  const startMs = performance.now();
  const { partner } = options;
  const sent = await (partner === undefined
    ? sendToWebhook(options, pipeline, progress)
    : sendToQueue(partner, options, pipeline, progress));
  const accepted = new Set(
    sent.deliveries.flatMap(({ event, outcome }) => (outcome.kind === 'accepted' ? [event.rowKey] : [])),
  );
  const outcomes = await waitForOutcomes([...accepted], dataDir, options.timeoutMs, progress);
  const elapsedMs = performance.now() - startMs;
  progress.end();
  return reportOn({ ...sent, outcomes, ...(await readCrm(dataDir)), elapsedMs });
}

/** Records of the CRM on this machine; none for another CRM, or if the pipeline has ended. */
async function readCrm(dataDir: string): Promise<Pick<SendRun, 'crmCalls' | 'crmRecords'>> {
  try {
    // Found again: its port is another one if the pipeline has been restarted meanwhile.
    const { crm } = findPipeline(dataDir);
    if (!crm.sample) return { crmCalls: undefined };
    if (crm.vendor === undefined) return { crmCalls: await readCrmCalls(crm.url) };
    if (crm.hasOwnMapping === true) return { crmCalls: undefined };
    const { title } = FAKE_VENDORS[crm.vendor];
    return { crmCalls: undefined, crmRecords: { title, ...(await readCrmRecords(crm.url)) } };
  } catch {
    return { crmCalls: undefined };
  }
}

async function readSecret(pipeline: PipelineDescription): Promise<string> {
  const client = localSecretsManagerClient(pipeline.endpoints);
  const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: pipeline.streamSecretArn }));
  return SecretString;
}

async function readSigningKey(pipeline: PipelineDescription): Promise<SigningKey> {
  const key = signingKeyFrom(await readSecret(pipeline));
  if (key === undefined) throw new UserError('The stream secret is not 64 hex digits: nothing can be signed with it.');
  return key;
}

type Sent = Pick<SendRun, 'via' | 'events' | 'deliveries'>;

async function sendToWebhook(options: SendOptions, pipeline: PipelineDescription, progress: Progress): Promise<Sent> {
  const events = buildEvents(options, await readSigningKey(pipeline), Date.now());
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  try {
    const onRetry = (status: number) =>
      progress.show(
        status === 0
          ? `${pipeline.webhookUrl} does not answer: trying again (is npm start running?)`
          : `the pipeline answers ${status}: trying again`,
      );
    const sender = { ...options, deliver: webhookDelivery(pipeline.webhookUrl, agent, onRetry) };
    return { via: 'webhook', events, deliveries: await send(events, options, sender, progress) };
  } finally {
    agent.destroy();
  }
}

async function sendToQueue(
  file: string,
  options: SendOptions,
  pipeline: PipelineDescription,
  progress: Progress,
): Promise<Sent> {
  const events = buildPartnerEvents(file, options, Date.now());
  const client = localSqsClient(pipeline.endpoints);
  try {
    const sender = { ...options, deliver: queueDelivery(client, pipeline.deliveryQueue.url) };
    return { via: 'queue', events, deliveries: await send(events, options, sender, progress) };
  } finally {
    client.destroy();
  }
}

async function send<Event extends OutgoingEvent>(
  events: readonly Event[],
  { duplicates, inOrder }: SendOptions,
  sender: SenderOptions<Event>,
  progress: Progress,
): Promise<SendRun['deliveries']> {
  const deliveries = arrangeDeliveries(events, duplicates, inOrder);
  const ended: SendRun['deliveries'][number][] = [];
  let accepted = 0;
  await sendDeliveries(deliveries, sender, (event, outcome) => {
    ended.push({ event, outcome });
    if (outcome.kind === 'accepted') accepted += 1;
    const refused = ended.length - accepted;
    progress.show(
      `sending ${ended.length} of ${deliveries.length}: ${accepted} accepted${refused > 0 ? `, ${refused} refused` : ''}`,
    );
  });
  return ended;
}

/**
 * Waits until all events of these rows are final or in quarantine, or the time is over. A pipeline
 * that goes away and comes back meanwhile is found again.
 */
async function waitForOutcomes(
  rowKeys: readonly string[],
  dataDir: string,
  timeoutMs: number,
  progress: Progress,
): Promise<Map<string, EventOutcome>> {
  const outcomes = new Map<string, EventOutcome>();
  const endsAtMs = Date.now() + timeoutMs;
  for (let open = rowKeys; open.length > 0; ) {
    const read = await readFromPipeline(dataDir, open);
    for (const [rowKey, outcome] of read ?? []) outcomes.set(rowKey, outcome);
    open = open.filter((rowKey) => !isDone(outcomes.get(rowKey)));
    if (open.length === 0 || Date.now() >= endsAtMs) break;
    const down = open.filter((rowKey) => waitsForCrm(outcomes.get(rowKey))).length;
    const waiting = down === 0 ? '' : `; ${down} wait in quarantine until the CRM works again`;
    const done = `${rowKeys.length - open.length} of ${rowKeys.length} accepted events settled or for a person${waiting}`;
    progress.show(read === undefined ? `${done}; waiting for the pipeline to come back` : done);
    await sleep(LOOK_EVERY_MS);
  }
  return outcomes;
}

/** Rows of the state table; undefined if the pipeline is away. */
async function readFromPipeline(
  dataDir: string,
  rowKeys: readonly string[],
): Promise<Map<string, EventOutcome> | undefined> {
  let client: DynamoDBDocumentClient | undefined;
  try {
    const { endpoints, stateTable } = findPipeline(dataDir);
    client = DynamoDBDocumentClient.from(localDynamoDbClient(endpoints));
    return await readEventRows(client, stateTable, rowKeys);
  } catch {
    return undefined;
  } finally {
    client?.destroy();
  }
}

await runCommand(readSendOptions, main);
