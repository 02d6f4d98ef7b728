/**
 * The stream secret in memory: versions that rotate, and one cache of them for each environment.
 */
import { createHash } from 'node:crypto';
import type { SigningKey, StagedKey } from '../../../lambdas/domain/delivery/signature.ts';
import type { Limits } from '../../../lambdas/domain/limits.ts';
import type { Clock, StreamKeys, StreamSecret, Unavailable } from '../../../lambdas/ports.ts';

/** The secret as Secrets Manager has it: the current version and the one before. */
export class RotatingSecret {
  #version = 1;

  /** The keys of the live versions, the current one first. */
  live(): readonly StagedKey[] {
    const current = { stage: 'AWSCURRENT', key: this.current() } as const;
    return this.#version === 1 ? [current] : [current, { stage: 'AWSPREVIOUS', key: keyOf(this.#version - 1) }];
  }

  current(): SigningKey {
    return keyOf(this.#version);
  }

  /** A new version becomes current, the current one previous. */
  rotate(): void {
    this.#version += 1;
  }
}

const KEYS = new Map<number, SigningKey>();

function keyOf(version: number): SigningKey {
  const known = KEYS.get(version);
  if (known !== undefined) return known;
  const key = new Uint8Array(createHash('sha256').update(`version ${version}`).digest()) as SigningKey;
  KEYS.set(version, key);
  return key;
}

/** One environment's view of the secret, with its cache. */
export class MemoryStreamSecret implements StreamSecret {
  readonly #secret: RotatingSecret;
  readonly #clock: Clock;
  readonly #limits: Limits;
  #known: { readonly keys: readonly StagedKey[]; readonly readAtMs: number } | undefined;

  constructor(secret: RotatingSecret, clock: Clock, limits: Limits) {
    this.#secret = secret;
    this.#clock = clock;
    this.#limits = limits;
  }

  async keys(request: { readonly afterMismatch: boolean }): Promise<StreamKeys | Unavailable> {
    return this.keysNow(request, true);
  }

  /** The keys at this instant, with Secrets Manager reachable or not. */
  keysNow(request: { readonly afterMismatch: boolean }, reachable: boolean): StreamKeys | Unavailable {
    const nowMs = this.#clock.now();
    const youngEnoughMs = request.afterMismatch ? this.#limits.secretRereadMs : this.#limits.secretCacheMs;
    const isYoung = this.#known !== undefined && nowMs - this.#known.readAtMs < youngEnoughMs;
    const fresh = !isYoung && reachable;
    if (fresh) this.#known = { keys: this.#secret.live(), readAtMs: nowMs };
    if (this.#known === undefined) return { kind: 'unavailable', cause: 'Secrets Manager: unreachable' };
    const unreachable = isYoung || fresh ? {} : { unreachable: 'Secrets Manager: unreachable' };
    return { kind: 'keys', keys: this.#known.keys, malformed: [], fresh, ...unreachable };
  }
}
