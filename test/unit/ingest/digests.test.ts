/** Cost of a body with a wrong signature: anybody can send one of a megabyte. */
import * as crypto from 'node:crypto';
import { beforeEach, expect, it, jest } from '@jest/globals';
import type { SigningKey, StagedKey } from '../../../lambdas/domain/delivery/signature.ts';
import type { StreamKeys } from '../../../lambdas/ports.ts';

const createHmac = jest.fn(crypto.createHmac);
jest.unstable_mockModule('node:crypto', () => ({ ...crypto, createHmac }));
const { SIGNATURE_PROFILES } = await import('../../../lambdas/domain/delivery/signature-profiles.ts');
const { DEFAULT_LIMITS } = await import('../../../lambdas/domain/limits.ts');
const { acceptDelivery } = await import('../../../lambdas/ingest/accept-delivery.ts');

const WRONG = Buffer.alloc(32, 9).toString('base64');

beforeEach(() => {
  createHmac.mockClear();
});

/** A new copy at each call, as a secret that was read again has. */
function staged(stage: StagedKey['stage'], byte: number): StagedKey {
  return { stage, key: new Uint8Array(32).fill(byte) as unknown as SigningKey };
}

function keys(fresh: boolean, ...versions: readonly StagedKey[]): StreamKeys {
  return { kind: 'keys', keys: versions, malformed: [], fresh };
}

it.each<[string, StreamKeys, StreamKeys, number]>([
  ['no re-read is due', keys(false, staged('AWSCURRENT', 1)), keys(false, staged('AWSCURRENT', 1)), 1],
  [
    'a re-read brings nothing new',
    keys(false, staged('AWSCURRENT', 1), staged('AWSPREVIOUS', 2)),
    keys(true, staged('AWSCURRENT', 1), staged('AWSPREVIOUS', 2)),
    2,
  ],
  [
    'a re-read brings one more',
    keys(false, staged('AWSCURRENT', 1)),
    keys(true, staged('AWSCURRENT', 2), staged('AWSPREVIOUS', 1)),
    2,
  ],
])('is one digest a key where %s', async (_what, first, afterMismatch, digests) => {
  const outcome = await acceptDelivery(
    { profile: SIGNATURE_PROFILES['genesys-webhook'], body: Buffer.from('{}'), signature: WRONG },
    {
      secret: { keys: async (request) => (request.afterMismatch ? afterMismatch : first) },
      deliveryQueue: { send: async () => ({ kind: 'sent' }) },
      clock: { now: () => 0 },
      limits: DEFAULT_LIMITS,
    },
  );
  expect([outcome.kind, createHmac.mock.calls.length]).toEqual(['unsigned', digests]);
});
