/**
 * A fake CRM behind HTTP, and the product's adapter in front of it. Time passes only when a test
 * lets it.
 */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { HttpCrm } from '../../lambdas/adapters/crm.http.ts';
import { SecretsManagerCrmToken } from '../../lambdas/adapters/crm-token.secrets-manager.ts';
import { NodeHttpTransport } from '../../lambdas/adapters/crm-transport.node-http.ts';
import { HttpTokenEndpoint } from '../../lambdas/adapters/token-endpoint.http.ts';
import type { CrmAction } from '../../lambdas/domain/crm/action.ts';
import { settingsFor } from '../../lambdas/domain/crm/connector.ts';
import { type CrmOutcome, classify } from '../../lambdas/domain/crm/crm-outcome.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { FaultRule } from '../../local/crm/crm-faults.ts';
import { crmListener } from '../../local/crm/crm-listener.ts';
import { FakeCrm } from '../../local/crm/fakes/fake-crm.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';
import { MemoryLog } from '../harness/fakes/log.memory.ts';
import type { Subject } from './subjects.ts';

const START_MS = Date.parse('2026-11-26T22:00:00Z');
const BUDGET_MS = 2_000;

/** The fake of one subject, served. */
export class ServedCrm {
  readonly fake: FakeCrm;
  readonly log = new MemoryLog();
  readonly #subject: Subject;
  readonly #server: LoopbackServer;
  readonly #secrets = mockClient(SecretsManagerClient);
  #adapter: HttpCrm;
  nowMs = START_MS;
  /** Requests for data since `atRequest` was called. */
  #count = 0;
  #atRequest: { readonly index: number; readonly rule: FaultRule } | undefined;

  private constructor(subject: Subject, fake: FakeCrm, server: LoopbackServer) {
    this.#subject = subject;
    this.fake = fake;
    this.#server = server;
    this.#adapter = this.#newAdapter();
    this.setSecret(subject.credentials(server.url));
  }

  static async start(subject: Subject): Promise<ServedCrm> {
    let served: ServedCrm | undefined;
    const { vendor } = subject;
    const credentials = { clientId: 'K', clientSecret: 'S', refreshToken: 'R' };
    const fake = new FakeCrm({ vendor, credentials, nowMs: () => served?.nowMs ?? START_MS, chance: () => 0 });
    const handle = fake.handle.bind(fake);
    fake.handle = (request) => {
      if (!request.path.includes('oauth')) served?.countRequest();
      return handle(request);
    };
    const server = await listenOnLoopback(crmListener(fake, 'key'), 0);
    fake.origin = server.url;
    served = new ServedCrm(subject, fake, server);
    return served;
  }

  /** Content of the credentials' secret. */
  setSecret(value: object): void {
    this.#secrets.reset();
    this.#secrets.on(GetSecretValueCommand).resolves({ SecretString: JSON.stringify(value) });
  }

  /** Replaces the faults in force. */
  setFaults(...rules: readonly FaultRule[]): void {
    const problem = this.fake.setFaults({ rules });
    if (problem !== undefined) throw new Error(problem);
  }

  /** Sets a fault just before the request with this index from now on. */
  faultAt(index: number, rule: FaultRule): void {
    this.#count = 0;
    this.#atRequest = { index, rule };
  }

  countRequest(): void {
    if (this.#atRequest?.index === this.#count) {
      this.setFaults(this.#atRequest.rule);
      // Tokens that were issued in the same millisecond must not be older than the fault.
      this.nowMs += 1;
    }
    this.#count += 1;
  }

  /**
   * One attempt, as the processor makes it: a second call with a new token if the first one is
   * refused.
   */
  async deliver(action: CrmAction): Promise<CrmOutcome> {
    const first = await this.call(action, false);
    return first.kind === 'credentials' ? this.call(action, true) : first;
  }

  /** One call. */
  async call(action: CrmAction, freshToken: boolean): Promise<CrmOutcome> {
    // A token that was renewed a moment ago is not renewed again.
    if (freshToken) this.nowMs += 5_000;
    const call = { idempotencyKey: 'e-1', budgetMs: BUDGET_MS, freshToken };
    return classify(await this.#adapter.deliver(action, call));
  }

  /** Number of requests of an action from here on. */
  async requestsOf(action: CrmAction): Promise<number> {
    this.#count = 0;
    await this.deliver(action);
    return this.#count;
  }

  /** As after a cold start: without a token. */
  restart(): void {
    this.#adapter = this.#newAdapter();
  }

  async stop(): Promise<void> {
    this.#secrets.restore();
    await this.#server.close();
  }

  #newAdapter(): HttpCrm {
    const { connector } = this.#subject;
    const clock = { now: () => this.nowMs };
    const baseUrl = this.#server.url;
    const source = { secretArn: 'arn', placeholder: 'PLACEHOLDER', baseUrl, token: connector.token };
    const client = new SecretsManagerClient({ region: 'us-east-1' });
    const endpoint = new HttpTokenEndpoint();
    const token = new SecretsManagerCrmToken(client, source, endpoint, clock, this.log, DEFAULT_LIMITS);
    const settings = settingsFor(connector, {});
    return new HttpCrm({ baseUrl, connector, settings, responseRules: [] }, token, clock, new NodeHttpTransport());
  }
}
