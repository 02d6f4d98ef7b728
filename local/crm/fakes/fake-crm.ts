/**
 * A fake of a vendor's CRM: a request handler over an in-memory store. What it has written is in a
 * file before it answers, so that a kill loses nothing of it.
 */
import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import type { ConnectorSettings } from '../../../lambdas/domain/crm/connector.ts';
import { CrmFaults, type FaultRule } from '../crm-faults.ts';
import type { CrmHttpReply, CrmHttpRequest, CrmHttpResponse } from '../crm-http-message.ts';
import type { LocalCrm } from '../crm-listener.ts';
import {
  ACCOUNT_STATES,
  type AccountState,
  type ApiRequest,
  type CrmRecords,
  type FakeContext,
  type FakeVendor,
  objectIn,
} from './fake-vendor.ts';
import { type RateLimit, RateWindow } from './rate-window.ts';
import { RecordStore, type RecordWrite } from './record-store.ts';
import { type FakeCredentials, Tokens } from './tokens.ts';

/** Ports and settings of a fake. */
export interface FakeCrmOptions {
  readonly vendor: FakeVendor;
  /** Names that differ from the vendor's defaults. */
  readonly settings?: Partial<ConnectorSettings>;
  readonly credentials?: FakeCredentials;
  /** Absent: any number of requests. */
  readonly rate?: RateLimit;
  /** File of its records; absent: only in memory. */
  readonly path?: string;
  readonly origin?: string;
  readonly nowMs?: () => number;
  /** In [0, 1). */
  readonly chance?: () => number;
  readonly sleep?: (ms: number) => Promise<void>;
}

/** Outcome of a request: carried out, carried out without a change, refused (4xx), or failed. */
export type RequestOutcome = 'applied' | 'repeated' | 'refused' | 'failed';

/** One request, as it is kept. `status` is 0 where there was no response. */
export interface FakeCall {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly outcome: RequestOutcome;
}

interface JournalLine extends FakeCall {
  readonly writes: readonly RecordWrite[];
}

const STATES: ReadonlySet<string> = new Set(Object.keys(ACCOUNT_STATES));
/** Records that a page shows. */
const LATEST = 5;
const DAY_MS = 86_400_000;
const PAGE = '<!DOCTYPE html><html><head><title>Service unavailable</title></head><body>Try again later.</body></html>';

/** One account of the vendor. */
export class FakeCrm implements LocalCrm {
  readonly faults: CrmFaults;
  readonly tokens: Tokens;
  readonly views: LocalCrm['views'] = {
    state: () => this.state,
    contacts: () => this.records.contacts,
    'logged-calls': () => this.records.calls,
    calls: () => this.calls,
    latest: () => this.#latest(),
  };
  readonly #options: FakeCrmOptions;
  readonly #settings: ConnectorSettings;
  readonly #nowMs: () => number;
  readonly #store = new RecordStore();
  readonly #rate = new RateWindow();
  readonly #calls: FakeCall[] = [];
  readonly #counts: Record<RequestOutcome, number> = { applied: 0, repeated: 0, refused: 0, failed: 0 };
  readonly #file: number | undefined;
  /** Origin in its responses. The server sets it once it listens. */
  origin: string;

  constructor(options: FakeCrmOptions) {
    const { vendor, settings = {}, credentials, path, origin = 'http://127.0.0.1', nowMs = Date.now } = options;
    this.#options = options;
    this.#settings = { ...vendor.settings, ...settings } as ConnectorSettings;
    this.#nowMs = nowMs;
    this.origin = origin;
    this.faults = new CrmFaults(nowMs);
    this.tokens = new Tokens(credentials, nowMs());
    this.#file = path === undefined ? undefined : this.#open(path);
  }

  /** Answers one request. Never rejects. */
  async handle(request: CrmHttpRequest): Promise<CrmHttpReply> {
    const { chance = Math.random, sleep = setTimeout } = this.#options;
    const parsed = parseRequest(request);
    const fault = this.faults.next((phone) => isAbout(parsed, phone), chance(), STATES);
    if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
    const reply = this.#reply(parsed, fault);
    if (!this.#vendor.isTokenRequest(parsed)) this.#keep(request, reply);
    return reply;
  }

  get title(): string {
    return this.#vendor.title;
  }

  /** Names of the faults that can be switched on. */
  get knownFaults(): string[] {
    return [...STATES, ...Object.keys(this.#vendor.errors)];
  }

  /** Sets faults, as the rules say. Returns what is wrong with the request, if anything. */
  setFaults(body: unknown): string | undefined {
    const given = objectIn(body) ?? {};
    const rules = Array.isArray(given.rules) ? given.rules.map((rule: unknown) => objectIn(rule) ?? {}) : [];
    const known = this.knownFaults;
    const unknown = rules.find(({ fault }) => typeof fault === 'string' && !known.includes(fault))?.fault;
    if (unknown !== undefined) return `${this.title} has no fault ${unknown}: it has ${known.join(', ')}`;
    const untilMidnight = Math.ceil((DAY_MS - (this.#nowMs() % DAY_MS)) / 1_000);
    const dated = rules.map((rule) => (rule.fault === 'quota' ? { forSeconds: untilMidnight, ...rule } : rule));
    return this.faults.set(Array.isArray(given.rules) ? { ...given, rules: dated } : body);
  }

  /** Counts over everything that it has seen. */
  get state() {
    const { contacts, calls } = this.records;
    return {
      title: this.title,
      calls: this.#calls.length,
      ...this.#counts,
      contacts: contacts.length,
      loggedCalls: calls.length,
      tokens: this.tokens.count,
      early: this.#rate.early,
    };
  }

  #latest(): CrmRecords {
    const { contacts, calls } = this.records;
    return { contacts: contacts.slice(-LATEST).reverse(), calls: calls.slice(-LATEST).reverse() };
  }

  get records(): CrmRecords {
    return this.#vendor.records(this.#store, this.#settings);
  }

  /** Every request for data, in order; token requests are not among them. */
  get calls(): readonly FakeCall[] {
    return this.#calls;
  }

  /** Closes the file. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  get #vendor(): FakeVendor {
    return this.#options.vendor;
  }

  get #context(): FakeContext {
    const isIn = (state: AccountState) => this.#since(state) !== undefined;
    const { origin } = this;
    return { store: this.#store, settings: this.#settings, tokens: this.tokens, nowMs: this.#nowMs(), origin, isIn };
  }

  #since(state: AccountState): number | undefined {
    return this.faults.find(({ fault }) => fault === state)?.sinceMs;
  }

  #reply(request: ApiRequest, fault: FaultRule | undefined): CrmHttpReply {
    if (fault?.applyFirst === true) this.#respond(request, undefined);
    if (fault?.hang === true) return 'never';
    if (fault?.drop === true) return 'dropped';
    const { status = 503, retryAfter, html, fault: name } = fault ?? {};
    const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    if (html === true) return { status, headers, html: PAGE };
    if (fault?.status !== undefined) return { status, headers, body: { message: 'The CRM was told to fail.' } };
    return this.#respond(request, name);
  }

  #respond(request: ApiRequest, error: string | undefined): CrmHttpResponse {
    const vendor = this.#vendor;
    const context = this.#context;
    if (vendor.isTokenRequest(request)) return vendor.token(request, context);
    const states = { expiredSinceMs: this.#since('token-expired'), revokedSinceMs: this.#since('token-revoked') };
    const refused = this.tokens.check(request.headers.authorization, states, context.nowMs);
    if (refused !== undefined) return vendor.unauthorized(refused);
    const quotaMs = this.#quotaLeftMs(context.nowMs);
    if (quotaMs > 0) return vendor.quota(quotaMs);
    const rate = this.#currentRate();
    const waitMs = rate === undefined ? 0 : this.#rate.take(rate, context.nowMs);
    if (waitMs > 0) return vendor.throttled(waitMs);
    const response = error === undefined ? undefined : vendor.errors[error];
    if (response !== undefined) return typeof response === 'function' ? response(request, context) : response;
    return vendor.respond(request, context);
  }

  #quotaLeftMs(nowMs: number): number {
    const inForce = this.faults.find(({ fault }) => fault === 'quota');
    return inForce === undefined ? 0 : inForce.sinceMs + (inForce.rule.forSeconds ?? 0) * 1_000 - nowMs;
  }

  #currentRate(): RateLimit | undefined {
    const rule = this.faults.find(({ fault }) => fault === 'rate')?.rule;
    if (rule === undefined) return this.#options.rate;
    return { requests: rule.requests ?? 1, windowMs: (rule.perSeconds ?? 1) * 1_000 };
  }

  #keep({ method, path }: CrmHttpRequest, reply: CrmHttpReply): void {
    const writes = this.#store.takeWrites();
    const status = typeof reply === 'string' ? 0 : reply.status;
    const call = { atMs: this.#nowMs(), method, path, status, outcome: outcomeOf(status, writes.length > 0) };
    const line: JournalLine = { ...call, writes };
    if (this.#file !== undefined) writeSync(this.#file, `${JSON.stringify(line)}\n`);
    this.#take(call);
  }

  #take(call: FakeCall): void {
    this.#calls.push(call);
    this.#counts[call.outcome] += 1;
  }

  #open(path: string): number {
    const text = readIfThere(path);
    for (const line of text.split('\n')) this.#replay(line);
    // A line that a kill has cut off was never answered; what follows must not be joined to it.
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
    return openSync(path, 'a', 0o600);
  }

  #replay(line: string): void {
    if (line === '') return;
    try {
      const { writes, ...call } = JSON.parse(line) as JournalLine;
      for (const write of writes) this.#store.replay(write);
      this.#take(call);
    } catch {
      // Cut off by a kill, before it was answered.
    }
  }
}

function outcomeOf(status: number, hasWritten: boolean): RequestOutcome {
  if (hasWritten) return 'applied';
  if (status >= 200 && status < 300) return 'repeated';
  return status >= 400 && status < 500 ? 'refused' : 'failed';
}

function parseRequest({ method, path, headers, body }: CrmHttpRequest): ApiRequest {
  const [pathname = '', query = ''] = path.split(/\?(.*)/s);
  const segments = pathname.split('/').slice(1).map(decode);
  return {
    method,
    path: pathname,
    segments,
    query: new URLSearchParams(query),
    headers,
    json: parseJson(body),
    text: body,
  };
}

/** A rule for one contact fits if its digits are anywhere in the request. */
function isAbout({ path, text }: ApiRequest, phone: string): boolean {
  const digits = phone.replace(/\D/g, '');
  return `${path}\n${text}`.includes(digits === '' ? phone : digits);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
