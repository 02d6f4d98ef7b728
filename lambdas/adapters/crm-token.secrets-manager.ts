/** The CRM's credentials in Secrets Manager, and the tokens that they are exchanged for. */
import { rootCertificates } from 'node:tls';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { TokenDefaults } from '../domain/crm/connector.ts';
import {
  type Credentials,
  type OAuthCredentials,
  parseCredentials,
  withRefreshToken,
} from '../domain/crm/credentials.ts';
import { type IssuedToken, readTokenResponse, tokenRequest } from '../domain/crm/token-exchange.ts';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { Clock, CrmAccess, CrmToken, Log, NoCrmAccess, TokenEndpoint, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Location and use of the credentials. */
export interface CrmCredentialsSource {
  readonly secretArn: string;
  /** The value with which the stack creates the secret: no credentials. */
  readonly placeholder: string;
  readonly baseUrl: string;
  readonly token: TokenDefaults;
}

/** A token is renewed this long before it expires, or in the last tenth of a short life. */
const RENEW_EARLY_MS = 60_000;

/**
 * A token that is refused although it was renewed a moment ago would be refused again after another
 * renewal.
 */
const RENEW_AGAIN_AFTER_MS = 5_000;

/** After a renewal that failed. */
const RENEW_FAILED_AFTER_MS = 10_000;

/** Credentials as they were read, and what TLS needs of them. */
interface ReadCredentials {
  readonly kind: 'credentials';
  readonly credentials: Credentials;
  readonly tls: CrmAccess['tls'];
  readonly readAtMs: number;
}

/** Access to the CRM, and the time from which it must be renewed. */
interface KnownAccess {
  readonly access: CrmAccess;
  readonly obtainedAtMs: number;
  readonly renewAtMs: number;
}

/** Reads, exchanges and caches. One instance serves one execution environment. */
export class SecretsManagerCrmToken implements CrmToken {
  readonly #client: SecretsManagerClient;
  readonly #source: CrmCredentialsSource;
  readonly #endpoint: TokenEndpoint;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: Limits;
  #secret: ReadCredentials | undefined;
  #known: KnownAccess | undefined;
  #renewal: Promise<CrmAccess | NoCrmAccess> | undefined;
  /** The secret with a rotated refresh token, while it is not stored. */
  #unsaved: string | undefined;

  constructor(
    client: SecretsManagerClient,
    source: CrmCredentialsSource,
    endpoint: TokenEndpoint,
    clock: Clock,
    log: Log,
    limits: Limits,
  ) {
    this.#client = client;
    this.#source = source;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#log = log;
    this.#limits = limits;
  }

  async read({ fresh, budgetMs }: Parameters<CrmToken['read']>[0]): Promise<CrmAccess | NoCrmAccess> {
    const nowMs = this.#clock.now();
    const known = this.#known;
    if (known !== undefined) {
      const isRecent = nowMs - known.obtainedAtMs < RENEW_AGAIN_AFTER_MS;
      if (fresh ? isRecent : nowMs < known.renewAtMs) return known.access;
    }
    // Once for all callers at the same time.
    this.#renewal ??= this.#renew(fresh, budgetMs).finally(() => {
      this.#renewal = undefined;
    });
    const renewed = await this.#renewal;
    if (renewed.kind === 'token' || known === undefined) return renewed;
    // A token that worked a moment ago is a better try than none, and a better one than the next
    // renewal at once.
    this.#known = { ...known, renewAtMs: this.#clock.now() + RENEW_FAILED_AFTER_MS };
    return known.access;
  }

  async #renew(fresh: boolean, budgetMs: number): Promise<CrmAccess | NoCrmAccess> {
    const endsAtMs = this.#clock.now() + budgetMs;
    const secret = await this.#credentials(fresh, budgetMs);
    if (secret.kind === 'unavailable') return secret;
    const { credentials } = secret;
    switch (credentials.type) {
      case 'bearer':
        return this.#keep(secret, { token: credentials.token }, this.#limits.secretCacheMs);
      case 'header':
        return this.#keep(
          secret,
          { token: credentials.value, header: { name: credentials.name.toLowerCase(), value: credentials.value } },
          this.#limits.secretCacheMs,
        );
      case 'basic': {
        const token = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
        const header = { name: 'authorization', value: `Basic ${token}` };
        return this.#keep(secret, { token, header }, this.#limits.secretCacheMs);
      }
      default:
        return this.#exchange({ ...secret, credentials }, endsAtMs);
    }
  }

  /**
   * Exchanges; where that is refused, once more if the secret is another by now: it was changed, or
   * its token rotated.
   */
  async #exchange(
    secret: ReadCredentials & { readonly credentials: OAuthCredentials },
    endsAtMs: number,
    isSecond = false,
  ): Promise<CrmAccess | NoCrmAccess> {
    const { credentials, tls } = secret;
    const { token: defaults, baseUrl } = this.#source;
    const request = tokenRequest(credentials, { defaults, baseUrl, nowMs: this.#clock.now() });
    if (typeof request === 'string') return unavailable(`the CRM credentials ${request}`);
    const budgetMs = endsAtMs - this.#clock.now();
    const answer = await this.#endpoint.exchange(request, { budgetMs, ...(tls === undefined ? {} : { tls }) });
    if (answer.kind === 'unavailable') return outage(`the token endpoint cannot be reached: ${answer.cause}`);
    const issued = readTokenResponse(answer.status, jsonIn(answer.body), credentials, defaults);
    if (issued.kind === 'issued') return this.#accept(secret, issued, endsAtMs);
    if (answer.status >= 500 || answer.status === 429) return outage(issued.cause);
    const now = isSecond ? secret : await this.#credentials(true, endsAtMs - this.#clock.now());
    if (now.kind === 'unavailable' || JSON.stringify(now.credentials) === JSON.stringify(credentials))
      return unavailable(issued.cause);
    if (!isOAuth(now.credentials)) return unavailable(issued.cause);
    return this.#exchange({ ...now, credentials: now.credentials }, endsAtMs, true);
  }

  async #accept(secret: ReadCredentials, issued: IssuedToken, endsAtMs: number): Promise<CrmAccess> {
    const { token, lifetimeMs, refreshToken, baseUrl } = issued;
    if (refreshToken !== undefined) {
      // The one that was sent is invalid from now on.
      this.#unsaved = withRefreshToken(secret.credentials, refreshToken);
      await this.#save(endsAtMs - this.#clock.now());
    }
    const earlyMs = lifetimeMs === undefined ? 0 : Math.min(RENEW_EARLY_MS, lifetimeMs / 10);
    const usableMs = lifetimeMs === undefined ? Number.POSITIVE_INFINITY : lifetimeMs - earlyMs;
    return this.#keep(secret, { token, ...(baseUrl === undefined ? {} : { baseUrl }) }, usableMs);
  }

  #keep({ tls }: ReadCredentials, parts: Omit<CrmAccess, 'kind' | 'tls'>, usableMs: number): CrmAccess {
    const nowMs = this.#clock.now();
    const access: CrmAccess = { kind: 'token', ...parts, ...(tls === undefined ? {} : { tls }) };
    this.#known = { access, obtainedAtMs: nowMs, renewAtMs: nowMs + usableMs };
    return access;
  }

  async #credentials(fresh: boolean, budgetMs: number): Promise<ReadCredentials | Unavailable> {
    const nowMs = this.#clock.now();
    await this.#save(budgetMs);
    const known = this.#secret;
    const isUsable = known !== undefined && nowMs - known.readAtMs < this.#limits.secretCacheMs;
    // A token that could not be saved is newer than the stored one.
    if (known !== undefined && (this.#unsaved !== undefined || (isUsable && !fresh))) return known;
    const read = await this.#readSecret(Math.min(this.#limits.secretTimeoutMs, budgetMs));
    if (read.kind === 'unavailable') return known ?? read;
    this.#secret = withTls(read.credentials, nowMs, known?.tls);
    return this.#secret;
  }

  async #readSecret(
    budgetMs: number,
  ): Promise<{ readonly kind: 'credentials'; readonly credentials: Credentials } | Unavailable> {
    try {
      const command = new GetSecretValueCommand({ SecretId: this.#source.secretArn });
      const { SecretString = '' } = await withinBudget(budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      if (SecretString.trim() === this.#source.placeholder)
        return unavailable('the CRM credentials have not been put into their secret yet');
      const parsed = parseCredentials(SecretString);
      return parsed.kind === 'invalid' ? unavailable(`the CRM credentials ${parsed.problem}`) : parsed;
    } catch (error) {
      return unavailable(`the CRM credentials cannot be read: ${errorName(error)}`);
    }
  }

  /** Stores a rotated refresh token. Until that succeeds, this environment alone has it. */
  async #save(budgetMs: number): Promise<void> {
    const SecretString = this.#unsaved;
    if (SecretString === undefined) return;
    const parsed = parseCredentials(SecretString);
    if (parsed.kind === 'credentials') this.#secret = withTls(parsed.credentials, this.#clock.now(), this.#secret?.tls);
    try {
      const command = new PutSecretValueCommand({ SecretId: this.#source.secretArn, SecretString });
      await withinBudget(Math.max(1, Math.min(this.#limits.secretTimeoutMs, budgetMs)), (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      this.#unsaved = undefined;
    } catch (error) {
      const details = { dependency: 'crm', cause: errorName(error) };
      this.#log.write('error', 'the rotated refresh token of the CRM could not be stored', details);
    }
  }
}

/** `same`: the object to use if nothing that TLS needs has changed. Connections are kept by it. */
function withTls(credentials: Credentials, readAtMs: number, same?: CrmAccess['tls']): ReadCredentials {
  const { clientCertificate: cert, clientKey: key, ca } = credentials;
  const tls = {
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    // Besides the public ones: the token endpoint may be signed by another authority than the CRM.
    ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
  };
  const isSame = JSON.stringify(tls) === JSON.stringify(same ?? {});
  return { kind: 'credentials', credentials, readAtMs, tls: isSame ? same : tls };
}

function isOAuth(credentials: Credentials): credentials is OAuthCredentials {
  return !['bearer', 'basic', 'header'].includes(credentials.type);
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function outage(cause: string): NoCrmAccess {
  return { ...unavailable(cause), isTokenOutage: true };
}

function unavailable(cause: string): Unavailable {
  return { kind: 'unavailable', cause };
}
