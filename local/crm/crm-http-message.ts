/** Requests and responses of the CRMs on this machine, independent of any server. */

/** A request as it arrived. */
export interface CrmHttpRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A response. */
export interface CrmHttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; absent: no body. */
  readonly body?: unknown;
  /** Sent instead of `body`, as a web page. */
  readonly html?: string;
}

/** Reply to the client: a response, a cut connection, or none. */
export type CrmHttpReply = CrmHttpResponse | 'dropped' | 'never';
