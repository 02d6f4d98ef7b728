/** The checks of a smoke test, each with one line of result. */
import { randomUUID } from 'node:crypto';
import { messageOf } from '../../cli/user-error.ts';
import { sign, signingKeyFrom } from '../../lambdas/domain/delivery/signature.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import type { QueueDepth } from '../../lambdas/ports.ts';
import type { SmokeTarget } from './target.ts';

/** `warn`: works, but a person should look. Only `fail` makes the smoke test fail. */
export interface CheckResult {
  readonly name: string;
  readonly result: 'ok' | 'warn' | 'fail';
  readonly detail: string;
}

/** The event type. No mapping handles it, so the CRM is never called. */
export const SMOKE_EVENT_TYPE = 'pipeline.smoke';

/** More waiting messages than this delay a new event noticeably. */
const BACKLOG_MAX = 100;

/** Events are accepted up to five minutes ahead of our clock. */
const CLOCK_DIFFERENCE_MAX_MS = 60_000;

const REQUEST_TIMEOUT_MS = 10_000;

/** The outside world of the checks. Times are epoch milliseconds. */
export interface SmokeContext {
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly fetch: typeof fetch;
  readonly onProgress: (text: string) => void;
  /** Time within which the event must reach its end. */
  readonly patienceMs: number;
  readonly lookEveryMs: number;
}

/**
 * Runs every check, also after a failed one, so that one run shows all that is wrong. Takes at most
 * a minute.
 */
export async function runSmokeChecks(target: SmokeTarget, context: SmokeContext): Promise<readonly CheckResult[]> {
  context.onProgress(`sending a signed event to ${target.name}`);
  const eventId = `smoke-${randomUUID()}`;
  const results = [...(await checkWebhook(target, eventId, context))];
  const accepted = results.some(({ name, result }) => name === 'delivery' && result === 'ok');
  results.push(
    accepted
      ? await checked('end of the event', () => followEvent(target, eventId, context))
      : { name: 'end of the event', result: 'fail', detail: 'not checked: the event was not accepted' },
  );
  results.push(await checked('delivery queue', () => checkBacklog(target.deliveryQueue)));
  results.push(await checked('quarantine', () => checkQuarantine(target.quarantine)));
  const { firingAlarms } = target;
  if (firingAlarms !== undefined) results.push(await checked('alarms', () => checkAlarms(firingAlarms)));
  return results;
}

type Finding = Omit<CheckResult, 'name'>;

async function checked(name: string, check: () => Promise<Finding>): Promise<CheckResult> {
  try {
    return { name, ...(await check()) };
  } catch (error) {
    return { name, result: 'fail', detail: messageOf(error).split('\n')[0] ?? 'unknown error' };
  }
}

async function checkWebhook(
  target: SmokeTarget,
  eventId: string,
  context: SmokeContext,
): Promise<readonly CheckResult[]> {
  const eventTimestamp = new Date(context.now()).toISOString();
  const body = Buffer.from(
    JSON.stringify({ eventBridgeEventId: eventId, eventType: SMOKE_EVENT_TYPE, eventTimestamp }),
  );
  let serverTimeMs: number | undefined;
  const post = async (signature: string): Promise<number> => {
    const response = await context.fetch(target.webhookUrl, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'x-genesys-cloud-signature': signature },
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      redirect: 'manual',
    });
    await response.arrayBuffer();
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) serverTimeMs = date;
    return response.status;
  };
  const refusal = await checked('wrong signature', async () => {
    const status = await post(Buffer.alloc(32).toString('base64'));
    return status === 401
      ? { result: 'ok', detail: 'refused with 401' }
      : { result: 'fail', detail: `answered ${status}, expected 401: is the webhook URL right?` };
  });
  const delivery = await checked('delivery', async () => {
    const secret = await target.secrets.read('AWSCURRENT');
    const key = secret === undefined ? undefined : signingKeyFrom(secret.value);
    if (key === undefined) {
      return { result: 'fail', detail: 'the stream secret has no current value of 64 hexadecimal digits' };
    }
    const status = await post(sign(body, key));
    if (status === 202) return { result: 'ok', detail: `accepted with 202, event ${eventId}` };
    return { result: 'fail', detail: `answered ${status}, expected 202${adviceFor(status)}` };
  });
  const clock = await checked('clock', async () => checkClock(serverTimeMs, context.now()));
  return [refusal, delivery, clock];
}

function adviceFor(status: number): string {
  if (status === 401) return ': ingest knows another secret; a new version is known after the secret cache has expired';
  if (status === 429) return ': API Gateway throttles the webhook';
  if (status === 503) return ': ingest cannot read the secret or reach the delivery queue; see its log';
  return '';
}

/** The `Date` header has whole seconds. */
async function checkClock(serverTimeMs: number | undefined, nowMs: number): Promise<Finding> {
  if (serverTimeMs === undefined) return { result: 'warn', detail: 'the webhook sent no Date header' };
  const seconds = Math.round(Math.abs(nowMs - serverTimeMs) / 1_000);
  const detail = `${seconds} s between this machine and the webhook`;
  return { result: seconds * 1_000 > CLOCK_DIFFERENCE_MAX_MS ? 'fail' : 'ok', detail };
}

/** Waits until the state table says IGNORED, the end of an event that no mapping handles. */
async function followEvent(target: SmokeTarget, eventId: string, context: SmokeContext): Promise<Finding> {
  const startMs = context.now();
  let last: EventRow | undefined;
  while (context.now() - startMs < context.patienceMs) {
    const found = await target.view.find(eventId);
    if (found.kind === 'unavailable') return { result: 'fail', detail: `the state table: ${found.cause}` };
    last = found.rows[0]?.row;
    if (last?.status === 'IGNORED') {
      return { result: 'ok', detail: `IGNORED after ${((context.now() - startMs) / 1_000).toFixed(1)} s` };
    }
    if (last?.status === 'COMPLETED' || last?.status === 'STALE') {
      return {
        result: 'warn',
        detail: `${last.status}: the mapping handles ${SMOKE_EVENT_TYPE}; let it ignore this type`,
      };
    }
    if (last?.status === 'QUARANTINED') {
      return {
        result: 'fail',
        detail: `quarantined: ${last.reason ?? 'no reason'}; let the mapping ignore ${SMOKE_EVENT_TYPE}`,
      };
    }
    context.onProgress('waiting for the processor');
    await context.sleep(context.lookEveryMs);
  }
  const waited = `after ${Math.round(context.patienceMs / 1_000)} s`;
  return last === undefined
    ? {
        result: 'fail',
        detail: `no row ${waited}: the processor has not taken the event; see its log and its event source`,
      }
    : { result: 'fail', detail: `still ${last.status} ${waited}` };
}

async function checkBacklog(queue: QueueDepth): Promise<Finding> {
  const depth = await queue.read();
  if (depth.kind === 'unavailable') return { result: 'fail', detail: depth.cause };
  const waiting = depth.visible + depth.delayed;
  const detail = `${waiting} waiting, ${depth.inFlight} in flight or backing off`;
  return waiting > BACKLOG_MAX
    ? { result: 'fail', detail: `${detail}: the queue is backed up` }
    : { result: 'ok', detail };
}

async function checkQuarantine(queue: QueueDepth): Promise<Finding> {
  const depth = await queue.read();
  if (depth.kind === 'unavailable') return { result: 'fail', detail: depth.cause };
  const count = depth.visible + depth.inFlight + depth.delayed;
  return count === 0
    ? { result: 'ok', detail: 'empty' }
    : { result: 'warn', detail: `${count} messages: npm run redrive -- --list shows why` };
}

async function checkAlarms(firingAlarms: () => Promise<readonly string[]>): Promise<Finding> {
  const names = await firingAlarms();
  return names.length === 0
    ? { result: 'ok', detail: 'none fires' }
    : { result: 'fail', detail: `in ALARM: ${names.join(', ')}` };
}
