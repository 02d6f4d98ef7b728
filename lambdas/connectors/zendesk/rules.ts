/** Rules for Zendesk's responses. All other responses are judged by their status. */
import type { ResponseRule } from '../../domain/crm/response-rules.ts';

const INVALID = { pointer: '/error', value: 'RecordInvalid' };

/** First match wins. */
export const zendeskRules: readonly ResponseRule[] = [
  { outcome: 'ambiguous', status: [422], body: [INVALID, { pointer: '/details/*/*/error', value: 'DuplicateValue' }] },
  { outcome: 'permanent', name: 'name_missing', status: [422], body: [INVALID, { pointer: '/details/name' }] },
  {
    outcome: 'permanent',
    name: 'key_used',
    status: [400],
    body: [{ pointer: '/error', value: /^IdempotentRequestError$/ }],
  },
];
