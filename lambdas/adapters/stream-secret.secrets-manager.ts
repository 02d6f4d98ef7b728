/** The secret of a signature profile in Secrets Manager: all its live versions, cached. */
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SecretStage, StagedKey } from '../domain/delivery/signature.ts';
import type { SignatureProfile } from '../domain/delivery/signature-profiles.ts';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { Clock, StreamKeys, StreamSecret, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Stages whose versions are accepted. During a rotation the sender may sign with any of them. */
const LIVE_STAGES: readonly SecretStage[] = ['AWSCURRENT', 'AWSPREVIOUS', 'AWSPENDING'];

/** Pause before an unreachable Secrets Manager is asked again, with known keys and without. */
const PAUSE_WITH_KEYS_MS = 30_000;
const PAUSE_WITHOUT_KEYS_MS = 1_000;

/**
 * Read before the first response: nearly every delivery is signed with it. The others follow after
 * a mismatch.
 */
const FIRST_STAGES: readonly SecretStage[] = ['AWSCURRENT'];

interface Reading extends Omit<StreamKeys, 'kind' | 'fresh' | 'unreachable'> {
  /** True if all live versions were asked for. */
  readonly whole: boolean;
}

/** Reads and caches a profile's secret. One instance serves one execution environment. */
export class SecretsManagerStreamSecret implements StreamSecret {
  readonly #client: SecretsManagerClient;
  readonly #secretArn: string;
  readonly #profile: SignatureProfile;
  readonly #clock: Clock;
  readonly #limits: Limits;
  #known: Reading | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #leaveAloneUntilMs = Number.NEGATIVE_INFINITY;
  /** Why the last try to read failed; undefined where it did not. */
  #failure: string | undefined;

  constructor(
    client: SecretsManagerClient,
    secretArn: string,
    profile: SignatureProfile,
    clock: Clock,
    limits: Limits,
  ) {
    this.#client = client;
    this.#secretArn = secretArn;
    this.#profile = profile;
    this.#clock = clock;
    this.#limits = limits;
  }

  async keys(request: { readonly afterMismatch: boolean }): Promise<StreamKeys | Unavailable> {
    const nowMs = this.#clock.now();
    const { afterMismatch } = request;
    if (this.#known === undefined) {
      if (nowMs < this.#leaveAloneUntilMs) return { kind: 'unavailable', cause: this.#failure ?? '' };
    } else {
      const youngEnoughMs = afterMismatch ? this.#limits.secretRereadMs : this.#limits.secretCacheMs;
      const suffices = nowMs - this.#readAtMs < youngEnoughMs && (this.#known.whole || !afterMismatch);
      if (suffices || nowMs < this.#leaveAloneUntilMs) return this.#fromBefore(this.#known);
    }
    const read = await this.#read(this.#known === undefined && !afterMismatch ? FIRST_STAGES : LIVE_STAGES);
    if (read.kind === 'reading') {
      this.#known = read.reading;
      this.#readAtMs = nowMs;
      this.#failure = undefined;
      return this.#answer(read.reading, read.reading.whole);
    }
    this.#leaveAloneUntilMs = nowMs + (this.#known === undefined ? PAUSE_WITHOUT_KEYS_MS : PAUSE_WITH_KEYS_MS);
    this.#failure = read.cause;
    return this.#known === undefined ? read : this.#fromBefore(this.#known);
  }

  #fromBefore(known: Reading): StreamKeys {
    return this.#answer(known, false);
  }

  #answer({ keys, malformed }: Reading, fresh: boolean): StreamKeys {
    const unreachable = this.#failure === undefined ? {} : { unreachable: this.#failure };
    return { kind: 'keys', keys, malformed, fresh, ...unreachable };
  }

  async #read(
    stages: readonly SecretStage[],
  ): Promise<{ readonly kind: 'reading'; readonly reading: Reading } | Unavailable> {
    try {
      const versions = await withinBudget(this.#limits.secretTimeoutMs, (signal) =>
        Promise.all(stages.map((stage) => this.#readStage(stage, signal))),
      );
      const found = versions.filter((version) => version.kind !== 'absent');
      const reading = {
        keys: found.flatMap((version) => (version.kind === 'key' ? [version.staged] : [])),
        malformed: found.flatMap((version) => (version.kind === 'malformed' ? [version.stage] : [])),
        whole: stages === LIVE_STAGES,
      };
      return { kind: 'reading', reading };
    } catch (error) {
      return {
        kind: 'unavailable',
        cause: `Secrets Manager: ${errorName(error)}`,
      };
    }
  }

  async #readStage(
    stage: SecretStage,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'absent' }
    | { readonly kind: 'malformed'; readonly stage: string }
    | { readonly kind: 'key'; readonly staged: StagedKey }
  > {
    try {
      const command = new GetSecretValueCommand({ SecretId: this.#secretArn, VersionStage: stage });
      const { SecretString } = await this.#client.send(command, { abortSignal: signal });
      const key = this.#profile.key.from(SecretString ?? '');
      return key === undefined ? { kind: 'malformed', stage } : { kind: 'key', staged: { stage, key } };
    } catch (error) {
      // So is answered for a stage that no version has, and for a secret that is not there at all.
      if (error instanceof Error && error.name === 'ResourceNotFoundException') return { kind: 'absent' };
      throw error;
    }
  }
}
