/** Connector to one kind of CRM: requests, rules for its responses, settings. Pure. */
import type { ActionKind, CrmAction } from './action.ts';
import type { OutcomeKind, ResponseRule } from './response-rules.ts';

/** A connector makes at most this many requests for an action. */
export const REQUESTS_MAX = 3;

/** One request. Idempotent: an attempt may repeat all requests of its action from the first. */
export interface CrmRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Begins with a slash; put behind the base URL's own path. Visible ASCII. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Absent: no body. */
  readonly body?: unknown;
  /**
   * Names of the rules whose responses the connector handles itself. Every other failure ends the
   * action.
   */
  readonly expects?: readonly string[];
}

/** A success, or a response that the request expects. */
export interface CrmReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined if the body is not JSON. */
  readonly body: unknown;
  /** The rule that matched, if the request expects it. */
  readonly rule?: string;
}

/**
 * Yields requests, one at a time; is resumed with each reply. Returns what the last reply means for
 * the action; nothing: success.
 */
export type CrmRequests = Generator<CrmRequest, OutcomeKind | undefined, CrmReply>;

/** Settings of a connector, by the names of the configuration keys. */
export interface ConnectorSettings {
  readonly apiVersion: string;
  /** The unique field of contacts. */
  readonly contactKey: string;
  /** The unique field of calls. */
  readonly callKey: string;
  readonly contactObject: string;
  readonly callObject: string;
}

/** Values that the requests depend on besides the action. */
export interface RequestContext {
  readonly settings: ConnectorSettings;
  /** The same with every attempt on one event. */
  readonly idempotencyKey: string;
}

/** At most `requests` in `windowMs`, all environments together. */
export interface RequestRate {
  readonly requests: number;
  readonly windowMs: number;
}

/** Token endpoint if the credentials do not name one. */
export interface TokenDefaults {
  /**
   * Path of the token endpoint, behind the base URL. Absent: the credentials have to name the URL.
   */
  readonly path?: string;
  readonly format?: 'form' | 'json';
  readonly scope?: (baseUrl: string) => string;
  /** Member of the token response that names the base URL to use from then on. */
  readonly baseUrlMember?: string;
}

/** A kind of CRM. */
export interface Connector {
  /** The CRM as people call it. */
  readonly title: string;
  /** Absent: `crm.baseUrl` is required. */
  readonly baseUrl?: string;
  /** Defaults of the keys that can be configured; a key that is missing here cannot. */
  readonly settings: Partial<ConnectorSettings>;
  readonly actions: readonly ActionKind[];
  /** Form of the keys of contacts that the CRM can look up. Absent: any text. */
  readonly contactKeyForm?: RegExp;
  /** Absent: no limit. */
  readonly rate?: RequestRate;
  /** Requests of an action on records that exist. A kind that is missing takes one. */
  readonly requestsOf?: Readonly<Partial<Record<ActionKind, number>>>;
  readonly token: TokenDefaults;
  /** The first rule that matches a response decides. */
  readonly rules: readonly ResponseRule[];
  /** Begins an action. Called only with the kinds in `actions`. */
  requests(action: CrmAction, context: RequestContext): CrmRequests;
}

const NO_SETTINGS: ConnectorSettings = {
  apiVersion: '',
  contactKey: '',
  callKey: '',
  contactObject: '',
  callObject: '',
};

/** The connector's defaults with `given` put over them. */
export function settingsFor(connector: Connector, given: Partial<ConnectorSettings>): ConnectorSettings {
  return { ...NO_SETTINGS, ...connector.settings, ...given };
}
