/** Rules for Salesforce's responses. All other responses are judged by their status. */
import type { Pattern, ResponseRule } from '../../domain/crm/response-rules.ts';

const MINUTE_MS = 60_000;

const code = (value: Pattern) => ({ pointer: '/0/errorCode', value });
const message = (value: RegExp) => ({ pointer: '/0/message', value });

/** First match wins. */
export const salesforceRules: readonly ResponseRule[] = [
  // Several records have the key: the body lists their paths, nothing was written.
  { outcome: 'ambiguous', status: [300], candidates: '/*' },
  {
    outcome: 'ambiguous',
    status: [400],
    body: [code('DUPLICATES_DETECTED')],
    candidates: '/0/duplicateResult/matchResults/*/matchRecords/*/record/Id',
  },
  // Another request created the record at the same time. Repeated once, the upsert finds it.
  { outcome: 'permanent', name: 'lost_race', status: [400], body: [code('DUPLICATE_VALUE')] },
  {
    outcome: 'permanent',
    name: 'contact_missing',
    status: [400],
    body: [code('INVALID_FIELD'), message(/^Foreign key external ID/i)],
  },
  { outcome: 'permanent', name: 'incomplete', status: [400], body: [code('REQUIRED_FIELD_MISSING')] },
  { outcome: 'permanent', name: 'not_found', status: [404] },
  { outcome: 'conflict', status: [400, 500], body: [code('UNABLE_TO_LOCK_ROW')] },
  { outcome: 'transient', status: [400, 500], body: [code('QUERY_TIMEOUT')] },
  {
    outcome: 'permission',
    status: [400],
    body: [code(/^(INSUFFICIENT_ACCESS|INVALID_FIELD_FOR_INSERT_UPDATE$|API_DISABLED_FOR_ORG$)/)],
  },
  // The quota is for the last 24 hours, so it becomes free bit by bit.
  {
    outcome: 'throttled',
    status: [403],
    body: [code('REQUEST_LIMIT_EXCEEDED'), message(/TotalRequests/i)],
    waitMs: 30 * MINUTE_MS,
  },
  { outcome: 'transient', status: [403], body: [code('REQUEST_LIMIT_EXCEEDED')] },
];
