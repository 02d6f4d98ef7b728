/** Identifies a function's request to a server by its content. */
import type { IncomingHttpHeaders } from 'node:http';
import type { CallKind } from './crash-points.ts';

/**
 * A call that matters, and whose it is. A deletion names no events: they are those that were sent
 * before it. Nor does a third request to the CRM: it is of the event of the second.
 */
export interface ObservedCall {
  readonly kind: CallKind;
  readonly eventIds: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** A server that a function talks to. */
export type ServerName = 'sqs' | 'dynamodb' | 'crm' | 'secrets';

/** The call in a request, or undefined if it is irrelevant. */
export function observedCall(
  server: ServerName,
  headers: IncomingHttpHeaders,
  body: string,
  { quarantineName, path }: { readonly quarantineName: string; readonly path: string },
): ObservedCall | undefined {
  switch (server) {
    case 'crm':
      return headers['idempotency-key'] === undefined
        ? hubSpotCall(path, body)
        : { kind: 'crm_call', eventIds: [String(headers['idempotency-key'])] };
    case 'dynamodb':
      return tableCall(operationOf(headers), body);
    case 'sqs':
      return queueCall(operationOf(headers), body, quarantineName);
    case 'secrets':
      return undefined;
    default:
      return server satisfies never;
  }
}

/** Call of the HubSpot fake, which finds the event's id in each input of an upsert. */
function hubSpotCall(path: string, body: string): ObservedCall | undefined {
  if (path.includes('/associations/')) return { kind: 'third_crm_request', eventIds: [] };
  if (!path.endsWith('/batch/upsert')) return undefined;
  const { inputs } = JSON.parse(body) as { readonly inputs: readonly { readonly objectWriteTraceId: string }[] };
  const kind = path.endsWith('/calls/batch/upsert') ? 'second_crm_request' : 'crm_call';
  return { kind, eventIds: inputs.map(({ objectWriteTraceId }) => objectWriteTraceId) };
}

function operationOf(headers: IncomingHttpHeaders): string {
  return String(headers['x-amz-target'] ?? '').split('.')[1] ?? '';
}

function tableCall(operation: string, body: string): ObservedCall | undefined {
  if (operation !== 'TransactWriteItems' && operation !== 'PutItem') return undefined;
  const request = JSON.parse(body) as Json;
  const [first] = (request.TransactItems ?? []) as readonly { readonly Put?: Json }[];
  const item = (operation === 'PutItem' ? request.Item : first?.Put?.Item) as Record<string, { readonly S?: string }>;
  const key = item?.pk?.S ?? '';
  if (!key.startsWith('EVENT#')) return undefined;
  return { kind: kindOf(item.status?.S), eventIds: [key.slice('EVENT#'.length)] };
}

function kindOf(status: string | undefined): CallKind {
  if (status === 'IN_PROGRESS') return 'claim';
  return status === 'QUARANTINED' ? 'settle_quarantined' : 'settle';
}

interface SentMessage {
  readonly MessageAttributes?: { readonly eventId?: { readonly StringValue?: string } };
}

function queueCall(operation: string, body: string, quarantineName: string): ObservedCall | undefined {
  if (operation === 'DeleteMessage' || operation === 'DeleteMessageBatch') return { kind: 'delete', eventIds: [] };
  if (operation !== 'SendMessage' && operation !== 'SendMessageBatch') return undefined;
  const request = JSON.parse(body) as SentMessage & { readonly QueueUrl: string; readonly Entries?: SentMessage[] };
  const eventIds = (request.Entries ?? [request]).flatMap((sent) => sent.MessageAttributes?.eventId?.StringValue ?? []);
  const toQuarantine = request.QueueUrl.endsWith(`/${quarantineName}`);
  if (operation === 'SendMessageBatch') return { kind: 'redrive_send', eventIds };
  return { kind: toQuarantine ? 'send_to_quarantine' : 'send_to_delivery', eventIds };
}
