/**
 * A fake Genesys Cloud organisation: OAuth tokens, streams, and integrations of the Amazon
 * EventBridge Source type.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import * as z from 'zod';

/** An answer: a status, and a body that is sent as JSON. */
export interface FakeGenesysResponse {
  readonly status: number;
  readonly body?: unknown;
}

/** Settings of the organisation. */
export interface FakeGenesysOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /**
   * True if a stream is returned with its secret. The contract does not say; without it is the
   * harder case.
   */
  readonly returnSecrets: boolean;
  readonly tokenSeconds: number;
  /** Delay until the partner event source of an enabled integration exists. */
  readonly partnerSourceAfterMs: number;
}

/** The permissions that a call may need. */
export const GENESYS_SCOPES = [
  'eventbridge:stream:view',
  'eventbridge:stream:add',
  'eventbridge:stream:edit',
  'eventbridge:stream:delete',
  'integrations:integration:view',
  'integrations:integration:add',
  'integrations:integration:edit',
] as const;

/** One of them. */
export type GenesysScope = (typeof GENESYS_SCOPES)[number];

const streamBody = z.strictObject({
  name: z.string().min(1),
  description: z.optional(z.string()),
  enabled: z.boolean(),
  destination: z.strictObject({
    type: z.literal('webhook'),
    url: z.url(),
    secret: z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits'),
  }),
  routingRules: z
    .array(z.strictObject({ name: z.string(), condition: z.string().min(1), enabled: z.boolean() }))
    .min(1),
});

const configBody = z.looseObject({
  version: z.number(),
  properties: z.strictObject({
    eventSourceSuffix: z.string().regex(/^[\w.-]{1,64}$/),
    awsAccountId: z.string().regex(/^\d{12}$/),
    awsAccountRegion: z.string().min(1),
    eventFilter: z.array(z.string()).min(1),
  }),
});

/** A stream. */
export type FakeStream = z.infer<typeof streamBody> & { readonly id: string };

interface FakeIntegration {
  readonly id: string;
  readonly name: string;
  readonly integrationType: { readonly id: string };
  intendedState: 'ENABLED' | 'DISABLED';
  enabledAtMs: number;
  config: { version: number; name: string; properties: Record<string, unknown> } & Record<string, unknown>;
}

/** The organisation's id, which is part of the partner event source's name. */
const ORGANISATION = '00000000-0000-4000-8000-00000000fa4e';

/** Everything is in memory: a new fake is a new organisation. */
export class FakeGenesys {
  readonly #options: FakeGenesysOptions;
  readonly #now: () => number;
  readonly #streams = new Map<string, FakeStream>();
  readonly #integrations = new Map<string, FakeIntegration>();
  readonly #tokens = new Map<string, number>();
  /** Scopes of the OAuth client. */
  scopes: ReadonlySet<string> = new Set(GENESYS_SCOPES);
  /** True if the partner event source has an event bus. */
  busMade = false;

  constructor(options: FakeGenesysOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** The token endpoint. */
  issueToken(authorization: string | undefined, grant: string): FakeGenesysResponse {
    const { clientId, clientSecret, tokenSeconds } = this.#options;
    const expected = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    if (authorization !== expected) return { status: 401, body: { error: 'invalid_client' } };
    if (new URLSearchParams(grant).get('grant_type') !== 'client_credentials') {
      return { status: 400, body: { error: 'unsupported_grant_type' } };
    }
    const token = randomBytes(24).toString('base64url');
    this.#tokens.set(token, this.#now() + tokenSeconds * 1_000);
    return { status: 200, body: { access_token: token, token_type: 'bearer', expires_in: tokenSeconds } };
  }

  /** Ends every token that was issued. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  /** Refusal of a call that needs `scope`, if any. */
  refusal(authorization: string | undefined, scope: GenesysScope): FakeGenesysResponse | undefined {
    const endsAtMs = this.#tokens.get(authorization?.replace(/^Bearer /, '') ?? '') ?? 0;
    if (endsAtMs <= this.#now()) return failure(401, 'bad.credentials', 'Invalid login credentials.');
    if (this.scopes.has(scope)) return undefined;
    return failure(
      403,
      'missing.any.permissions',
      `Unable to perform the requested action. You must have at least one of the following permissions assigned: [${scope}]`,
    );
  }

  /** The streams, for the sender of their deliveries. */
  get streams(): FakeStream[] {
    return [...this.#streams.values()];
  }

  /** One page of the streams. */
  listStreams(query: URLSearchParams): FakeGenesysResponse {
    return page(
      this.streams.map((stream) => this.#told(stream)),
      query,
    );
  }

  addStream(body: unknown): FakeGenesysResponse {
    const parsed = streamBody.safeParse(body);
    if (!parsed.success) return invalid(parsed.error);
    if (this.#named(parsed.data.name) !== undefined)
      return conflict(`A stream named ${parsed.data.name} exists already.`);
    const stream = { ...parsed.data, id: randomUUID() };
    this.#streams.set(stream.id, stream);
    return { status: 201, body: this.#told(stream) };
  }

  readStream(id: string): FakeGenesysResponse {
    const stream = this.#streams.get(id);
    return stream === undefined ? notFound() : { status: 200, body: this.#told(stream) };
  }

  replaceStream(id: string, body: unknown): FakeGenesysResponse {
    if (!this.#streams.has(id)) return notFound();
    const parsed = streamBody.safeParse(body);
    if (!parsed.success) return invalid(parsed.error);
    const other = this.#named(parsed.data.name);
    if (other !== undefined && other.id !== id) return conflict(`Another stream is named ${parsed.data.name}.`);
    const stream = { ...parsed.data, id };
    this.#streams.set(id, stream);
    return { status: 200, body: this.#told(stream) };
  }

  deleteStream(id: string): FakeGenesysResponse {
    return this.#streams.delete(id) ? { status: 204 } : notFound();
  }

  /** The integrations, as they were set up. */
  get integrations() {
    return [...this.#integrations.values()].map(({ name, intendedState, config }) => ({
      name,
      intendedState,
      properties: config.properties,
    }));
  }

  /** One page of the integrations. */
  listIntegrations(query: URLSearchParams): FakeGenesysResponse {
    return page([...this.#integrations.values()].map(shownIntegration), query);
  }

  addIntegration(body: unknown): FakeGenesysResponse {
    const { name, integrationType } = (body ?? {}) as { name?: string; integrationType?: { id?: string } };
    if (integrationType?.id !== 'amazon-eventbridge-source')
      return failure(400, 'bad.request', 'The integration type is not known.');
    const id = randomUUID();
    const integration: FakeIntegration = {
      id,
      name: name ?? 'Amazon EventBridge Source',
      integrationType: { id: integrationType.id },
      intendedState: 'DISABLED',
      enabledAtMs: Number.POSITIVE_INFINITY,
      config: { version: 1, name: name ?? '', properties: {}, advanced: {}, notes: '', credentials: {} },
    };
    this.#integrations.set(id, integration);
    return { status: 200, body: shownIntegration(integration) };
  }

  readConfig(id: string): FakeGenesysResponse {
    const integration = this.#integrations.get(id);
    return integration === undefined ? notFound() : { status: 200, body: integration.config };
  }

  replaceConfig(id: string, body: unknown): FakeGenesysResponse {
    const integration = this.#integrations.get(id);
    if (integration === undefined) return notFound();
    const parsed = configBody.safeParse(body);
    if (!parsed.success) return invalid(parsed.error);
    if (parsed.data.version !== integration.config.version) return conflict('The configuration has another version.');
    integration.config = { ...integration.config, ...parsed.data, version: parsed.data.version + 1 };
    return { status: 200, body: integration.config };
  }

  /** Enables or disables; only what is configured can be enabled. */
  patchIntegration(id: string, body: unknown): FakeGenesysResponse {
    const integration = this.#integrations.get(id);
    if (integration === undefined) return notFound();
    const { intendedState } = (body ?? {}) as { readonly intendedState?: string };
    if (intendedState !== 'ENABLED' && intendedState !== 'DISABLED')
      return failure(400, 'bad.request', 'intendedState is not valid.');
    if (intendedState === 'ENABLED' && integration.config.properties.eventSourceSuffix === undefined) {
      return failure(400, 'bad.request', 'The integration is not configured.');
    }
    integration.intendedState = intendedState;
    integration.enabledAtMs = intendedState === 'ENABLED' ? this.#now() : Number.POSITIVE_INFINITY;
    return { status: 200, body: shownIntegration(integration) };
  }

  /** The partner event sources, as EventBridge in the AWS account lists them. */
  get partnerSources(): { readonly Name: string; readonly State: string; readonly ExpirationTime: number }[] {
    return [...this.#integrations.values()]
      .filter(({ enabledAtMs }) => enabledAtMs + this.#options.partnerSourceAfterMs <= this.#now())
      .map(({ config, enabledAtMs }) => ({
        Name: `aws.partner/genesys.com/cloud/${ORGANISATION}/${String(config.properties.eventSourceSuffix)}`,
        State: this.busMade ? 'ACTIVE' : 'PENDING',
        ExpirationTime: enabledAtMs / 1_000 + 14 * 86_400,
      }));
  }

  #named(name: string): FakeStream | undefined {
    return this.streams.find((stream) => stream.name === name);
  }

  #told(stream: FakeStream): object {
    const { secret, ...destination } = stream.destination;
    return { ...stream, destination: this.#options.returnSecrets ? { ...destination, secret } : destination };
  }
}

function shownIntegration({ id, name, integrationType, intendedState }: FakeIntegration): object {
  return {
    id,
    name,
    integrationType,
    intendedState,
    reportedState: { code: intendedState === 'ENABLED' ? 'ACTIVE' : 'INACTIVE' },
  };
}

function page(all: readonly object[], query: URLSearchParams): FakeGenesysResponse {
  const pageSize = Math.min(100, Number(query.get('pageSize') ?? 25));
  const pageNumber = Number(query.get('pageNumber') ?? 1);
  const entities = all.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
  return {
    status: 200,
    body: {
      entities,
      pageSize,
      pageNumber,
      total: all.length,
      pageCount: Math.max(1, Math.ceil(all.length / pageSize)),
    },
  };
}

/** An error in the API's form. */
export function failure(status: number, code: string, message: string): FakeGenesysResponse {
  return { status, body: { message, code, status, contextId: randomUUID() } };
}

function invalid(error: z.ZodError): FakeGenesysResponse {
  const said = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  return failure(400, 'bad.request', said);
}

function conflict(message: string): FakeGenesysResponse {
  return failure(409, 'conflict', message);
}

function notFound(): FakeGenesysResponse {
  return failure(404, 'not.found', 'The requested resource is not there.');
}
