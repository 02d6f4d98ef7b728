/**
 * Actions that a mapping asks of the CRM, independent of the vendor. A connector turns them into
 * requests.
 */

/** One event, one action. */
export type CrmAction = UpsertContact | LogCall | SendRequest;

/** The name of a kind of action. */
export type ActionKind = CrmAction['kind'];

/** Values of a CRM's fields by the names that the CRM has for them. `null` clears a field. */
export type CrmFields = Readonly<Record<string, string | number | boolean | null>>;

/** Creates the contact with this key, or updates the one that has it. */
export interface UpsertContact {
  readonly kind: 'upsert-contact';
  /**
   * Value of the CRM's unique field (`crm.contactKey`). Make it of letters and digits:
   * `contactKeyFrom` does.
   */
  readonly key: string;
  /** Written at each event. */
  readonly fields: CrmFields;
  /** Written only when the contact is created, so that what people change later stays. */
  readonly onCreate?: CrmFields;
}

/**
 * Records a call under its conversation: several events of one conversation make one record.
 * Creates the contact if it does not exist, and overwrites none of its fields.
 */
export interface LogCall {
  readonly kind: 'log-call';
  readonly conversationId: string;
  /** Key of the contact that the call is logged for, as in `upsert-contact`. */
  readonly contact: string;
  /** ISO 8601 with an offset. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly direction: CallDirection;
  /** Number of the caller; `to`: number that was called. */
  readonly from?: string;
  readonly to?: string;
  readonly outcome?: CallOutcome;
  readonly queue?: string;
  readonly agent?: string;
  readonly notes?: string;
  /** Further fields of the record. */
  readonly fields?: CrmFields;
}

/** Seen from the contact centre. */
export type CallDirection = 'inbound' | 'outbound';

/** Result of a call. */
export type CallOutcome = 'connected' | 'no-answer' | 'busy' | 'voicemail' | 'failed';

/** One request, sent as it is. The CRM must be able to tell a repeated one from a new one. */
export interface SendRequest {
  readonly kind: 'request';
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /**
   * Begins with a slash; put behind the base URL's own path. Visible ASCII: `encodeURIComponent`
   * what else may be in it.
   */
  readonly path: string;
  /**
   * Names in lower case. The pipeline adds those of the credentials, of JSON, and the idempotency
   * key.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}
