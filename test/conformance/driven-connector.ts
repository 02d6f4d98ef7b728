/**
 * A connector on its fake without HTTP, one request at a time, so that a test decides what happens
 * between two.
 */
import type { CrmAction } from '../../lambdas/domain/crm/action.ts';
import { type CrmRequest, settingsFor } from '../../lambdas/domain/crm/connector.ts';
import { type CrmOutcome, type CrmResponse, classify } from '../../lambdas/domain/crm/crm-outcome.ts';
import { type Exchange, runRequests } from '../../lambdas/domain/crm/run-requests.ts';
import { FakeCrm, type FakeCrmOptions } from '../../local/crm/fakes/fake-crm.ts';
import type { Subject } from './subjects.ts';

const START_MS = Date.parse('2026-11-26T22:00:00Z');

/**
 * Called before each request; it may wait, or never resolve. A response that it gives stands for
 * the request.
 */
export type BeforeRequest = (index: number) => Promise<CrmResponse | undefined>;

/** A fake that accepts one token, and the connector's requests to it. */
export class DrivenConnector {
  readonly fake: FakeCrm;
  readonly #subject: Subject;

  constructor(subject: Subject, options: Partial<FakeCrmOptions> = {}) {
    this.#subject = subject;
    const { vendor } = subject;
    this.fake = new FakeCrm({ vendor, credentials: { token: 'T' }, nowMs: () => START_MS, ...options });
  }

  /** Delivers an action, each request after `before` has resolved. */
  async deliver(action: CrmAction, before: BeforeRequest = async () => undefined): Promise<CrmOutcome> {
    return classify(await this.call(action, before));
  }

  /** The response that decides. */
  call(action: CrmAction, before: BeforeRequest): Promise<CrmResponse> {
    const { connector } = this.#subject;
    const context = { settings: settingsFor(connector, {}), idempotencyKey: 'e-1' };
    let index = 0;
    const send = async (request: CrmRequest) => {
      const response = await before(index);
      index += 1;
      return response === undefined ? this.#send(request) : { response };
    };
    return runRequests(connector.requests(action, context), connector.rules, send);
  }

  async #send({ method, path, headers = {}, body }: CrmRequest): Promise<Exchange> {
    const reply = await this.fake.handle({
      method,
      path,
      headers: { 'content-type': 'application/json', authorization: 'Bearer T', ...headers },
      body: body === undefined ? '' : JSON.stringify(body),
    });
    if (typeof reply === 'string') return { response: { kind: 'unknown', cause: reply } };
    const { status, headers: received = {}, body: answer } = reply;
    const retryAfter = received['retry-after'];
    const wait = retryAfter === undefined ? {} : { retryAfter };
    return {
      response: { kind: 'answered', status, excerpt: '', ...wait },
      subject: { status, headers: received, body: answer },
    };
  }
}
