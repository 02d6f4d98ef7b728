/** Rules for HubSpot's responses. All other responses are judged by their status. */
import type { Pattern, ResponseRule } from '../../domain/crm/response-rules.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;

/** A batch is answered 207 or 200, with its errors inside. */
const inBatch = (value?: Pattern) => [{ pointer: '/errors/0/category', ...(value === undefined ? {} : { value }) }];
const policy = (value: Pattern) => [{ pointer: '/policyName', value }];
const BATCH = [200, 207];

/** First match wins. */
export const hubspotRules: readonly ResponseRule[] = [
  { outcome: 'permanent', status: BATCH, body: inBatch(['VALIDATION_ERROR', 'OBJECT_NOT_FOUND']) },
  { outcome: 'conflict', name: 'lost_race', status: BATCH, body: inBatch('CONFLICT') },
  { outcome: 'permission', status: BATCH, body: inBatch('MISSING_SCOPES') },
  { outcome: 'throttled', status: BATCH, body: inBatch(/^RATE_LIMITS?$/), waitMs: 10 * SECOND_MS },
  { outcome: 'transient', status: BATCH, body: [{ pointer: '/errors/0' }] },
  { outcome: 'permanent', name: 'not_found', status: [404] },
  { outcome: 'conflict', name: 'lost_race', status: [409] },
  { outcome: 'conflict', status: [423], waitMs: 2 * SECOND_MS },
  // The quota of the day ends at midnight in the account's time zone, which no response names.
  { outcome: 'throttled', status: [429], body: policy('DAILY'), waitMs: HOUR_MS },
  { outcome: 'throttled', status: [429], body: policy('SECONDLY'), waitMs: SECOND_MS },
  { outcome: 'throttled', status: [429], waitMs: 10 * SECOND_MS },
  // The account is being moved to another data centre, for up to 24 hours.
  { outcome: 'throttled', status: [477], waitMs: HOUR_MS },
];
