/** The CRM's bearer token in Secrets Manager, cached until the CRM refuses it. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { Clock, CrmToken, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Characters that an HTTP header's value may hold (RFC 9110, section 5.5), of which a bearer token needs fewer. */
const HEADER_VALUE = /^[\x21-\x7e]+$/;

/** Reads and caches the token. One instance serves one execution environment. */
export class SecretsManagerCrmToken implements CrmToken {
  readonly #client: SecretsManagerClient;
  readonly #secretArn: string;
  readonly #placeholder: string;
  readonly #clock: Clock;
  readonly #limits: Limits;
  #known: { readonly token: string; readonly readAtMs: number } | undefined;

  /** `placeholder` is the value with which the stack creates the secret: no token. */
  constructor(client: SecretsManagerClient, secretArn: string, placeholder: string, clock: Clock, limits: Limits) {
    this.#client = client;
    this.#secretArn = secretArn;
    this.#placeholder = placeholder;
    this.#clock = clock;
    this.#limits = limits;
  }

  async read(request: {
    readonly fresh: boolean;
    readonly budgetMs: number;
  }): Promise<{ readonly kind: 'token'; readonly token: string } | Unavailable> {
    const nowMs = this.#clock.now();
    const known = this.#known;
    if (known !== undefined && !request.fresh && nowMs - known.readAtMs < this.#limits.secretCacheMs) {
      return { kind: 'token', token: known.token };
    }
    const read = await this.#readSecret(Math.min(this.#limits.secretTimeoutMs, request.budgetMs));
    if (read.kind === 'token') this.#known = { token: read.token, readAtMs: nowMs };
    // A token that worked a moment ago is a better try than none.
    return read.kind === 'unavailable' && known !== undefined ? { kind: 'token', token: known.token } : read;
  }

  async #readSecret(budgetMs: number): Promise<{ readonly kind: 'token'; readonly token: string } | Unavailable> {
    try {
      const command = new GetSecretValueCommand({ SecretId: this.#secretArn });
      const { SecretString = '' } = await withinBudget(budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      const token = SecretString.trim();
      if (token === this.#placeholder) return unavailable('the CRM token has not been pasted into its secret yet');
      return HEADER_VALUE.test(token)
        ? { kind: 'token', token }
        : unavailable('the CRM token cannot stand in a header');
    } catch (error) {
      return unavailable(`the CRM token cannot be read: ${errorName(error)}`);
    }
  }
}

function unavailable(cause: string): Unavailable {
  return { kind: 'unavailable', cause };
}
