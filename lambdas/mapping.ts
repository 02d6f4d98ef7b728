/**
 * Types and functions for a mapping file of your own, imported as `genesys-crm-pipeline/mapping`.
 */
export type {
  CallDirection,
  CallOutcome,
  CrmAction,
  CrmFields,
  LogCall,
  SendRequest,
  UpsertContact,
} from './domain/crm/action.ts';
export { contactKeyFrom, isPhoneNumber } from './domain/crm/contact-key.ts';
export type { CrmMapping, IgnoreCause, MappingModule, MappingResult, UserRow } from './domain/crm/mapping.ts';
export type { ResponseRule } from './domain/crm/response-rules.ts';
export type { PipelineEvent } from './domain/event/event.ts';
