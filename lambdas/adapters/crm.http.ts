/** The CRM over HTTP: the requests of an action within one budget, redirects not followed. */
import type { CrmAction } from '../domain/crm/action.ts';
import { retryAfterIn } from '../domain/crm/backoff.ts';
import type { Connector, ConnectorSettings, CrmRequest } from '../domain/crm/connector.ts';
import type { CrmResponse } from '../domain/crm/crm-outcome.ts';
import { Redaction } from '../domain/crm/redaction.ts';
import type { ResponseRule } from '../domain/crm/response-rules.ts';
import { type Exchange, runRequests } from '../domain/crm/run-requests.ts';
import type {
  Clock,
  Crm,
  CrmAccess,
  CrmCallOptions,
  CrmToken,
  CrmTransport,
  TransportRequest,
  TransportResult,
} from '../ports.ts';

/** Which CRM is called, and how. */
export interface CrmTarget {
  readonly baseUrl: string;
  readonly connector: Connector;
  readonly settings: ConnectorSettings;
  /** Rules of the mapping file, tried before the connector's. */
  readonly responseRules: readonly ResponseRule[];
}

/** Values shared by all requests of one action. */
interface Call extends Pick<CrmCallOptions, 'admit'> {
  readonly access: CrmAccess;
  readonly endsAtMs: number;
  readonly redaction: Redaction;
}

/** Calls the CRM through a connector. */
export class HttpCrm implements Crm {
  readonly #target: CrmTarget;
  readonly #rules: readonly ResponseRule[];
  readonly #token: CrmToken;
  readonly #clock: Clock;
  readonly #transport: CrmTransport;

  constructor(target: CrmTarget, token: CrmToken, clock: Clock, transport: CrmTransport) {
    this.#target = target;
    this.#rules = [...target.responseRules, ...target.connector.rules];
    this.#token = token;
    this.#clock = clock;
    this.#transport = transport;
  }

  async deliver(action: CrmAction, call: CrmCallOptions): Promise<CrmResponse> {
    const endsAtMs = this.#clock.now() + call.budgetMs;
    const access = await this.#token.read({ fresh: call.freshToken, budgetMs: call.budgetMs });
    if (access.kind === 'unavailable') {
      const { cause, isTokenOutage } = access;
      return { kind: 'no_token', cause, ...(isTokenOutage === true ? { isTokenOutage } : {}) };
    }
    const { connector, settings } = this.#target;
    const requests = connector.requests(action, { settings, idempotencyKey: call.idempotencyKey });
    const redaction = new Redaction(action, access.token);
    const common = { access, endsAtMs, redaction, ...(call.admit === undefined ? {} : { admit: call.admit }) };
    return runRequests(requests, this.#rules, (request) => this.#send(request, common));
  }

  async #send(request: CrmRequest, call: Call): Promise<Exchange> {
    const sent = transportRequest(request, call.access, call.access.baseUrl ?? this.#target.baseUrl);
    let mayHaveArrived = false;
    for (;;) {
      const refusal = await this.#refusalOf(call);
      if (refusal !== undefined)
        return { response: { kind: mayHaveArrived ? 'unknown' : 'over_rate', cause: refusal } };
      const leftMs = call.endsAtMs - this.#clock.now();
      if (leftMs <= 0) return { response: { kind: mayHaveArrived ? 'unknown' : 'not_sent', cause: 'timeout' } };
      const result = await this.#transport.send(sent, leftMs);
      if (result.kind !== 'stale_connection') {
        const exchange = exchangeFrom(result, call.redaction);
        return mayHaveArrived ? afterRepetition(exchange) : exchange;
      }
      // After a freeze the first call finds its connection closed. Trying again at once is safe,
      // the request being idempotent; that the CRM saw nothing is likely, but no longer certain.
      mayHaveArrived = true;
    }
  }

  /**
   * Waits for the rate of requests, half of the time that is left at most. Returns why there must
   * be no request.
   */
  async #refusalOf({ admit, endsAtMs }: Call): Promise<string | undefined> {
    if (admit === undefined) return undefined;
    const nowMs = this.#clock.now();
    const admitted = await admit(nowMs + Math.max(0, endsAtMs - nowMs) / 2);
    return admitted.kind === 'admitted' ? undefined : admitted.cause;
  }
}

function transportRequest(request: CrmRequest, { token, header, tls }: CrmAccess, baseUrl: string): TransportRequest {
  const base = new URL(baseUrl);
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body), 'utf8');
  return {
    method: request.method,
    baseUrl: base,
    path: base.pathname.replace(/\/$/, '') + request.path,
    headers: {
      ...(header === undefined ? { authorization: `Bearer ${token}` } : { [header.name]: header.value }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.byteLength }),
      accept: 'application/json',
      ...request.headers,
    },
    body,
    tls,
  };
}

function exchangeFrom(result: Exclude<TransportResult, { kind: 'stale_connection' }>, redaction: Redaction): Exchange {
  if (result.kind !== 'answered') return { response: result };
  const { status, headers, text } = result;
  const retryAfter = retryAfterIn(status, headers);
  return {
    response: {
      kind: 'answered',
      status,
      excerpt: redaction.excerpt(text, headers),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
    subject: { status, headers, body: jsonIn(text) },
  };
}

/**
 * After a repetition only a success is certain: the reset call may have been applied before this
 * one was refused.
 */
function afterRepetition({ response, ...rest }: Exchange): Exchange {
  if (response.kind === 'not_sent') return { response: { ...response, kind: 'unknown' } };
  return { ...rest, response: { ...response, isRepeated: true } };
}

function jsonIn(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
