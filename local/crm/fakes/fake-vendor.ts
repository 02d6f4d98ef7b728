/** Parts that differ between the fakes of the CRM vendors. */
import type { ConnectorSettings } from '../../../lambdas/domain/crm/connector.ts';
import type { CrmHttpResponse } from '../crm-http-message.ts';
import type { RecordStore } from './record-store.ts';
import type { Tokens, Unauthorized } from './tokens.ts';

/** A request to the vendor's API, parsed. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query, as sent. */
  readonly path: string;
  /** Decoded. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Undefined if it is not JSON. */
  readonly json: unknown;
  readonly text: string;
}

/** States of an account that last until they are switched off. */
export const ACCOUNT_STATES = {
  'token-expired': 'access tokens issued so far have expired',
  'token-revoked': 'access tokens issued so far have been revoked',
  'wrong-credentials': 'the client’s credentials are refused',
  quota: 'the quota of the day is used up, until midnight UTC or for a time',
  rate: 'fewer requests per time are accepted',
  'no-permission': 'the client may not write',
  'no-key': 'the unique fields do not exist',
  'key-not-unique': 'the fields exist but are not unique',
} as const;

/** The name of a state. */
export type AccountState = keyof typeof ACCOUNT_STATES;

/** Ports and settings of a vendor's API. */
export interface FakeContext {
  readonly store: RecordStore;
  readonly settings: ConnectorSettings;
  readonly tokens: Tokens;
  readonly nowMs: number;
  /** Origin of the fake, without a trailing slash. */
  readonly origin: string;
  readonly isIn: (state: AccountState) => boolean;
}

/** An error response: always the same, or one made for the request. */
export type ErrorResponse = CrmHttpResponse | ((request: ApiRequest, context: FakeContext) => CrmHttpResponse);

/** A contact as every vendor's fake shows it. */
export interface ContactSummary {
  readonly key: string;
  readonly name: string;
  readonly phone: string;
}

/** A logged call as every vendor's fake shows it. */
export interface CallSummary {
  /** The conversation. */
  readonly key: string;
  /** Key of the contact that the call is linked to; null if it is linked to none. */
  readonly contact: string | null;
  readonly subject: string;
  /** In the vendor's unit, for example `63 s`. */
  readonly duration: string;
  readonly direction: string;
}

/** The records that the pipeline writes. */
export interface CrmRecords {
  readonly contacts: readonly ContactSummary[];
  readonly calls: readonly CallSummary[];
}

/** One vendor. */
export interface FakeVendor {
  readonly title: string;
  /** Names of the version, keys and objects if the configuration does not change them. */
  readonly settings: Partial<ConnectorSettings>;
  isTokenRequest(request: ApiRequest): boolean;
  /** Answers a request for a token. */
  token(request: ApiRequest, context: FakeContext): CrmHttpResponse;
  unauthorized(why: Unauthorized): CrmHttpResponse;
  /** The rate is exceeded; `waitMs` until requests are accepted again. */
  throttled(waitMs: number): CrmHttpResponse;
  /** The quota of the day is used up for another `waitMs`. */
  quota(waitMs: number): CrmHttpResponse;
  /** Answers of the vendor's error table by their names. */
  readonly errors: Readonly<Record<string, ErrorResponse>>;
  /** Answers a request that is authorized. */
  respond(request: ApiRequest, context: FakeContext): CrmHttpResponse;
  records(store: RecordStore, settings: ConnectorSettings): CrmRecords;
}

/** The body as an object; undefined if it is not an object. */
export function objectIn(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

/** The parameters of a form; undefined if the request has another content type. */
export function formIn({ headers, text }: ApiRequest): URLSearchParams | undefined {
  const type = headers['content-type'] ?? '';
  return type.startsWith('application/x-www-form-urlencoded') ? new URLSearchParams(text) : undefined;
}

/** The client's id and secret of a token request: in the form, or in HTTP Basic. */
export function clientIn({ headers }: ApiRequest, form: URLSearchParams): readonly [string, string] {
  const basic = /^Basic (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (basic === undefined) return [form.get('client_id') ?? '', form.get('client_secret') ?? ''];
  const [id = '', secret = ''] = atob(basic).split(':').map(decodeURIComponent);
  return [id, secret];
}
