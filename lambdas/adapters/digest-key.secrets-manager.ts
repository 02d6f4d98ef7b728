/** The key of the digests in Secrets Manager. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { digestKeyFrom } from '../domain/event/contact-name.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { DigestKey, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/**
 * Reads the key once. One instance serves one execution environment. A failed read is not kept: the
 * next caller reads again.
 */
export class SecretsManagerDigestKey implements DigestKey {
  readonly #client: SecretsManagerClient;
  readonly #secretArn: string;
  readonly #budgetMs: number;
  #reading: ReturnType<DigestKey['read']> | undefined;

  constructor(client: SecretsManagerClient, secretArn: string, budgetMs: number) {
    this.#client = client;
    this.#secretArn = secretArn;
    this.#budgetMs = budgetMs;
  }

  async read(): ReturnType<DigestKey['read']> {
    this.#reading ??= this.#read();
    const read = await this.#reading;
    if (read.kind === 'unavailable') this.#reading = undefined;
    return read;
  }

  async #read(): ReturnType<DigestKey['read']> {
    try {
      const command = new GetSecretValueCommand({ SecretId: this.#secretArn });
      const { SecretString = '' } = await withinBudget(this.#budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      const key = digestKeyFrom(SecretString);
      return key === undefined
        ? unavailable('it is not 64 hex digits; restore the version of the secret that the stack generated')
        : { kind: 'key', key };
    } catch (error) {
      return unavailable(errorName(error));
    }
  }
}

function unavailable(cause: string): Unavailable {
  return { kind: 'unavailable', cause: `the digest key cannot be read: ${cause}` };
}
