/**
 * Calls of the CRM: the adapter as it ships, over a transport whose requests are parked with all
 * that can become of them.
 */
import { HttpCrm } from '../../../lambdas/adapters/crm.http.ts';
import { rest } from '../../../lambdas/connectors/rest/connector.ts';
import type { CrmAction } from '../../../lambdas/domain/crm/action.ts';
import { type Connector, type CrmRequests, settingsFor } from '../../../lambdas/domain/crm/connector.ts';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import type { ResponseRule } from '../../../lambdas/domain/crm/response-rules.ts';
import type { Clock, Crm, CrmToken, CrmTransport, TransportRequest, TransportResult } from '../../../lambdas/ports.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { Fault } from './faults.ts';
import type { Invocation, Way } from './invocations.ts';
import type { Scene } from './scene.ts';
import { REPLAY_ID, replayedName } from './workload.ts';

/** Outcome of a request. */
export type CrmWay =
  | 'applied'
  | 'unknown_applied'
  | 'unknown'
  | 'not_sent'
  | 'rejected'
  | 'throttled'
  | 'failed_applied'
  | 'late'
  | 'reset_applied'
  | 'reset_late'
  | 'unauthorized'
  | 'conflict'
  | 'failed'
  | 'redirected'
  | 'unreadable_applied'
  | 'refused_inside'
  | 'cut_off';

/** Settings of an environment's calls. */
export interface CrmCallOptions {
  readonly clock: Clock;
  readonly token: CrmToken;
  readonly crmWays: readonly CrmWay[];
  /** Requests of an action: 1, as `rest` makes them, or more. */
  readonly crmRequests: number;
  readonly spoilTransport?: Mutation['transport'];
}

/** Rules of a CRM that answers 207 with its errors inside. */
const RULES: readonly ResponseRule[] = [
  { outcome: 'permanent', status: [207], body: [{ pointer: '/errors/0' }] },
  { outcome: 'protocol_error', status: [207] },
];

/** The CRM's token as one environment knows it, until it asks for a fresh one. */
export class KnownToken implements CrmToken {
  readonly #scene: Scene;
  #known: string | undefined;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async read({ fresh }: Parameters<CrmToken['read']>[0]): ReturnType<CrmToken['read']> {
    if (fresh || this.#known === undefined) this.#known = this.#scene.crm.token;
    return { kind: 'token', token: this.#known };
  }
}

/** The CRM of one invocation. */
export function crmOf(scene: Scene, invocation: Invocation, options: CrmCallOptions): Crm {
  const { clock, token, crmWays, crmRequests, spoilTransport = (transport) => transport } = options;
  const connector = crmRequests === 1 ? rest : connectorOf(crmRequests);
  const target = { baseUrl: 'http://crm', connector, settings: settingsFor(connector, {}), responseRules: RULES };
  return {
    deliver: async (action, call) => {
      const delivery = new Delivery(scene, invocation, nameIn(action, call.idempotencyKey), call.idempotencyKey);
      const transport: CrmTransport = {
        send: (request, budgetMs) => delivery.send(request, crmRequests, budgetMs, crmWays),
      };
      const response = await new HttpCrm(target, token, clock, spoilTransport(transport)).deliver(action, call);
      delivery.end(response);
      return response;
    },
  };
}

/** A connector of several requests, all of which make up the event. */
function connectorOf(requests: number): Connector {
  return {
    ...rest,
    *requests(action): CrmRequests {
      for (let step = 1; step <= requests; step += 1) yield { method: 'PUT', path: `/${step}`, body: eventIn(action) };
      return undefined;
    },
  };
}

function stepOf({ path }: TransportRequest): number {
  return Number(path.slice(1)) || 1;
}

/** The id that `workMapping` puts into the body. */
function eventIn(action: CrmAction): string {
  return action.kind === 'request' ? String(action.body) : '';
}

/** The event's name: the key says whether the replay has sent it. */
function nameIn(action: CrmAction, idempotencyKey: string): string {
  const id = eventIn(action);
  return idempotencyKey === `${id}/${REPLAY_ID}` ? replayedName(id) : id;
}

/** One delivery of an event, from its first request until nothing of it is under way. */
class Delivery {
  readonly #scene: Scene;
  readonly #invocation: Invocation;
  readonly #event: string;
  readonly #contact: string | null;
  readonly #owner: string | undefined;
  /**
   * No request outlasts the lease under which it was made, by the clock of the first attempt that
   * finds it ended.
   */
  readonly #endsByMs: number;
  readonly #over: () => void;
  /** The caller, and requests that go on without it. */
  #underWay = 1;
  #hasEnded = false;
  /** A second reset would have to be of another kept-alive connection. */
  #wasReset = false;

  constructor(scene: Scene, invocation: Invocation, event: string, key: string) {
    const { clock, crm, limits, probes } = scene;
    const row = scene.row(event);
    this.#scene = scene;
    this.#invocation = invocation;
    this.#event = event;
    this.#contact = scene.contactOf(event);
    this.#owner = row?.owner;
    this.#endsByMs = (row?.leaseExpiresAtMs ?? 0) - limits.clockSkewMs;
    probes.calls(invocation);
    const nowMs = clock.now() - limits.clockSkewMs;
    this.#over = crm.begin({ event, contact: this.#contact, caller: invocation.name, key, row, nowMs });
    invocation.onDeath(() => this.end());
  }

  /** The caller has its response, or is dead. */
  end(response?: CrmResponse): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#scene.probes.end(this.#invocation);
    const isDoubtful = response?.kind === 'unknown' || response?.isRepeated === true;
    if (isDoubtful && this.#owner !== undefined) this.#scene.crm.mayStillRun.add(this.#owner);
    this.#close();
  }

  send(
    request: TransportRequest,
    steps: number,
    budgetMs: number,
    crmWays: readonly CrmWay[],
  ): Promise<TransportResult> {
    const step = stepOf(request);
    const ways = this.#ways(() => this.#scene.crm.execute(this.#event, this.#contact, step, steps));
    const isRefused = request.headers.authorization !== `Bearer ${this.#scene.crm.token}`;
    const possible = crmWays.filter((way) => !this.#wasReset || !way.startsWith('reset'));
    return this.#invocation.park({
      name: `CRM request ${step} for ${this.#event}`,
      touches: 'CRM',
      answeredByMs: this.#scene.clock.now() + budgetMs,
      ways: isRefused
        ? [ways.token_refused, ways.not_sent]
        : [...possible.map((way) => ways[way]), ways.dies, ...(crmWays.includes('late') ? [ways.dies_late] : [])],
    });
  }

  #ways(execute: () => void): Readonly<Record<CrmWay | 'token_refused' | 'dies' | 'dies_late', Way>> {
    const way = (
      name: string,
      fault: Fault | undefined,
      result: TransportResult | undefined,
      ...acts: (() => void)[]
    ) => ({
      name,
      ...(fault === undefined ? {} : { fault }),
      happen: () => {
        for (const act of acts) act();
        return result === undefined ? undefined : { answer: result };
      },
    });
    const goesOn = () => this.#goesOn(execute);
    const reset = () => {
      this.#wasReset = true;
    };
    const throttle = () => this.#scene.crm.throttle(this.#event, this.#invocation.name);
    return {
      applied: { ...way('applied, 200', undefined, answered(200), execute), needsCrm: true },
      unknown_applied: way('applied, no answer', 'crm_unknown', TIMEOUT, execute),
      unknown: way('not applied, no answer', 'crm_unknown', TIMEOUT),
      late: way('no answer, still under way', 'crm_unknown', TIMEOUT, goesOn),
      reset_applied: way('applied, reset', 'crm_unknown', RESET, reset, execute),
      reset_late: way('reset, still under way', 'crm_unknown', RESET, reset, goesOn),
      failed_applied: way('applied, 500', 'crm_unknown', answered(500), execute),
      not_sent: way('connection refused', 'crm_failed', { kind: 'not_sent', cause: 'refused' }),
      throttled: way('429', 'crm_failed', answered(429, { 'retry-after': '7' }), throttle),
      unauthorized: way('401', 'crm_failed', answered(401)),
      token_refused: { ...way('401, the token has expired', undefined, answered(401)), needsCrm: true },
      conflict: way('409', 'crm_failed', answered(409)),
      failed: way('503', 'crm_failed', answered(503)),
      redirected: way('302', 'crm_failed', answered(302)),
      unreadable_applied: way('applied, not HTTP', 'crm_unknown', { kind: 'unreadable', cause: 'HPE' }, execute),
      rejected: way('422', 'crm_refused', answered(422)),
      refused_inside: way('207 with an error', 'crm_refused', answered(207, {}, '{"errors":[{}]}')),
      cut_off: way('207 with an error, cut off', 'crm_failed', answered(207, {}, '{"errors":[')),
      dies: way('applied, then dies', 'crash', undefined, execute),
      dies_late: way('dies, the request still under way', 'crash', undefined, goesOn),
    };
  }

  #goesOn(execute: () => void): void {
    this.#underWay += 1;
    this.#scene.lateWrites.push({
      name: `CRM request for ${this.#event}, late`,
      byMs: this.#endsByMs,
      act: () => {
        this.#close();
        execute();
      },
    });
  }

  #close(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#over();
  }
}

const TIMEOUT: TransportResult = { kind: 'unknown', cause: 'timeout' };
const RESET: TransportResult = { kind: 'stale_connection' };

function answered(status: number, headers: Readonly<Record<string, string>> = {}, text = ''): TransportResult {
  return { kind: 'answered', status, headers, text };
}
