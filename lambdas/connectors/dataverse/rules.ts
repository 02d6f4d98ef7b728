/** Rules for Dataverse's responses. All other responses are judged by their status. */
import type { ResponseRule } from '../../domain/crm/response-rules.ts';

const code = (...codes: readonly string[]) => [
  { pointer: '/error/code', value: new RegExp(`^(${codes.join('|')})$`, 'i') },
];

/** First match wins. */
export const dataverseRules: readonly ResponseRule[] = [
  // A completed or cancelled activity is read-only.
  { outcome: 'permanent', name: 'closed', body: code('0x8004022e') },
  {
    outcome: 'permanent',
    name: 'closed',
    status: [400, 403, 412, 500],
    body: [{ pointer: '/error/message', value: /Closed or Cancelled Activity/i }],
  },
  // A rule of the organization against duplicates: docs name status 500, services answer 412.
  { outcome: 'ambiguous', status: [412, 500], body: code('0x80040333') },
  { outcome: 'ambiguous', name: 'exists', status: [412], body: code('0x80040237', '0x80060892') },
  { outcome: 'conflict', status: [412], body: code('0x80060882') },
  { outcome: 'permanent', name: 'not_found', status: [404] },
];
