/** A fake CRM in this process, with a clock that a test moves, and a client that has a token. */
import type { FaultRule } from '../../local/crm/crm-faults.ts';
import type { CrmHttpReply, CrmHttpResponse } from '../../local/crm/crm-http-message.ts';
import { FakeCrm, type FakeCrmOptions } from '../../local/crm/fakes/fake-crm.ts';
import type { FakeVendor } from '../../local/crm/fakes/fake-vendor.ts';

/** When every test begins: two hours before midnight UTC. */
export const FAKE_START_MS = Date.parse('2026-11-26T22:00:00Z');

/** Credentials that the fake accepts. */
export const FAKE_CREDENTIALS = { clientId: 'K', clientSecret: 'S', refreshToken: 'R', token: 'static' };

/** Origin that the fake reports as its address. */
export const FAKE_ORIGIN = 'https://crm.example.com';

/** A fake and its client. */
export class FakeCrmClient {
  readonly crm: FakeCrm;
  nowMs = FAKE_START_MS;
  /** Sent as bearer token. */
  token = FAKE_CREDENTIALS.token;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(
    vendor: FakeVendor,
    options: Partial<FakeCrmOptions> & { readonly headers?: Record<string, string> } = {},
  ) {
    const { headers = {}, ...rest } = options;
    this.#headers = headers;
    this.crm = new FakeCrm({
      vendor,
      credentials: FAKE_CREDENTIALS,
      origin: FAKE_ORIGIN,
      nowMs: () => this.nowMs,
      chance: () => 0,
      sleep: async (ms) => {
        this.nowMs += ms;
      },
      ...rest,
    });
  }

  /** Sends JSON with the token. */
  reply(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<CrmHttpReply> {
    return this.crm.handle({
      method,
      path,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${this.token}`,
        ...this.#headers,
        ...headers,
      },
      body: body === undefined ? '' : JSON.stringify(body),
    });
  }

  /** As `reply`, of a request that is answered. */
  async call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<CrmHttpResponse> {
    const reply = await this.reply(method, path, body, headers);
    if (typeof reply === 'string') throw new Error(`${method} ${path} was ${reply}`);
    return reply;
  }

  /** Sends a form without a token. */
  async form(path: string, form: Record<string, string>, authorization?: string): Promise<CrmHttpResponse> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization };
    const reply = await this.crm.handle({ method: 'POST', path, headers, body: new URLSearchParams(form).toString() });
    if (typeof reply === 'string') throw new Error(`${path} was ${reply}`);
    return reply;
  }

  /** Replaces the faults in force. */
  setFaults(...rules: readonly FaultRule[]): void {
    const problem = this.crm.setFaults({ rules });
    if (problem !== undefined) throw new Error(problem);
  }
}
