/** The ingest use case: verify a delivery, persist it, and only then accept it. */
import { type EncodedBody, encodeBody, encodeEnvelope } from '../domain/delivery/envelope.ts';
import { eventIdOf } from '../domain/delivery/event-id.ts';
import {
  type ParsedSignature,
  parseSignature,
  type SecretStage,
  type StagedKey,
  type Verification,
  verifySignature,
} from '../domain/delivery/signature.ts';
import type { ProfileName, SignatureProfile } from '../domain/delivery/signature-profiles.ts';
import type { Limits } from '../domain/limits.ts';
import type { Clock, MessageQueue, StreamSecret } from '../ports.ts';

/** A delivery as HTTP brought it. */
export interface Delivery {
  /** Whose contract it has to keep: its route's. */
  readonly profile: SignatureProfile;
  /** The raw body's bytes, nothing decoded but HTTP's own Base64. */
  readonly body: Uint8Array;
  /** The signature header as received; undefined if it is missing. */
  readonly signature: string | undefined;
}

/** Outcome of a delivery. `cause` is for our log, never for the sender. */
export type IngestOutcome =
  /**
   * SQS confirmed that it has the event. `secretStage` is the version of the secret that it was
   * signed with.
   */
  | {
      readonly kind: 'accepted';
      readonly eventId: string | null;
      readonly source: ProfileName;
      readonly secretStage: SecretStage;
    }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'unsigned'; readonly cause: 'no signature' | 'signature malformed' | 'signature wrong' }
  | { readonly kind: 'empty' }
  /** The secret cannot be used: our fault, so that the sender has to try again. */
  | { readonly kind: 'secret_unusable'; readonly cause: string }
  /**
   * SQS did not confirm in time: whether the event is persisted is not known, the sender has to try
   * again.
   */
  | { readonly kind: 'not_persisted'; readonly cause: string };

/** Ports and settings of the use case. */
export interface IngestDependencies {
  /** Secret of the delivery's profile. */
  readonly secret: StreamSecret;
  readonly deliveryQueue: MessageQueue;
  readonly clock: Clock;
  readonly limits: Limits;
}

/**
 * Takes one delivery. `accepted` means verified and persisted, in that order; nothing else is
 * persisted. What the body says is not looked at beyond its id: a genuine sender's body is accepted
 * whatever is in it.
 */
export async function acceptDelivery(delivery: Delivery, deps: IngestDependencies): Promise<IngestOutcome> {
  if (delivery.body.byteLength > deps.limits.encodedBodyMaxBytes) return { kind: 'too_large' };
  const given = readSignature(delivery);
  if ('kind' in given) return given;
  const body = encodeBody(delivery.body);
  if (body.byteLength > deps.limits.encodedBodyMaxBytes) return { kind: 'too_large' };
  const verified = await verify({ body, given, profile: delivery.profile, secret: deps.secret });
  if (verified.kind !== 'verified') return verified;
  if (body.byteLength === 0) return { kind: 'empty' };

  const { name: source, identity } = delivery.profile;
  const eventId = eventIdOf(body.bytes, identity);
  const facts = { source, receivedAtMs: deps.clock.now(), eventId };
  const sent = await deps.deliveryQueue.send(encodeEnvelope(verified.body, facts));
  if (sent.kind !== 'sent') return { kind: 'not_persisted', cause: sent.cause };
  return { kind: 'accepted', eventId, source, secretStage: verified.stage };
}

type Unsigned = Extract<IngestOutcome, { kind: 'unsigned' }>;

/**
 * Costs nothing that grows with the body: anybody can send one of a megabyte without a signature.
 */
function readSignature({ signature, profile }: Delivery): ParsedSignature | Unsigned {
  if (signature === undefined) return { kind: 'unsigned', cause: 'no signature' };
  return parseSignature(signature, profile.prefix) ?? { kind: 'unsigned', cause: 'signature malformed' };
}

type VerificationOutcome =
  | ({ readonly kind: 'verified' } & Verification<EncodedBody>)
  | Extract<IngestOutcome, { kind: 'unsigned' | 'secret_unusable' }>;

async function verify(look: Look): Promise<VerificationOutcome> {
  const cached = await verifyWith(look, undefined);
  if (cached.kind !== 'stale') return cached;
  // A mismatch may mean that the secret has been rotated since it was read.
  const fresh = await verifyWith(look, cached.tried);
  return fresh.kind === 'stale' ? { kind: 'unsigned', cause: 'signature wrong' } : fresh;
}

interface Look {
  readonly body: EncodedBody;
  readonly given: ParsedSignature;
  readonly profile: SignatureProfile;
  readonly secret: StreamSecret;
}

/**
 * One look with the keys at hand but those `tried` before; `stale` if none fits and newer ones may
 * exist.
 */
async function verifyWith(
  { body, given, profile, secret }: Look,
  tried: readonly StagedKey[] | undefined,
): Promise<VerificationOutcome | { readonly kind: 'stale'; readonly tried: readonly StagedKey[] }> {
  const afterMismatch = tried !== undefined;
  const read = await secret.keys({ afterMismatch });
  if (read.kind === 'unavailable') return { kind: 'secret_unusable', cause: read.cause };
  const untried = read.keys.filter(({ key }) => !tried?.some((other) => Buffer.compare(other.key, key) === 0));
  const verified = verifySignature(body, given, untried);
  if (verified !== undefined) return { kind: 'verified', ...verified };
  if (!read.fresh && !afterMismatch) return { kind: 'stale', tried: read.keys };
  // The sender may well have signed with the version that we cannot use: it must try again, not
  // give up.
  if (read.malformed.length > 0) {
    const versions = read.malformed.join(', ');
    return { kind: 'secret_unusable', cause: `the ${profile.label} secret is not ${profile.key.wants}: ${versions}` };
  }
  if (read.keys.length === 0) {
    return { kind: 'secret_unusable', cause: `the ${profile.label} secret has no value` };
  }
  // A version that could not be read may have signed this delivery.
  if (read.unreachable !== undefined) return { kind: 'secret_unusable', cause: read.unreachable };
  return { kind: 'unsigned', cause: 'signature wrong' };
}
