import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { SecretsManagerStreamSecret } from '../../../lambdas/adapters/stream-secret.secrets-manager.ts';
import { SIGNATURE_PROFILES, type SignatureProfile } from '../../../lambdas/domain/delivery/signature-profiles.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';

const secretsManager = mockClient(SecretsManagerClient);
const absent = new ResourceNotFoundException({ message: 'no such version', $metadata: {} });
const A = 'a'.repeat(64);
const B = 'b'.repeat(64);

/** Sets the versions in Secrets Manager, by stage. */
function holds(stages: Readonly<Record<string, string>>): void {
  secretsManager.reset();
  secretsManager.on(GetSecretValueCommand).rejects(absent);
  for (const [VersionStage, SecretString] of Object.entries(stages)) {
    secretsManager.on(GetSecretValueCommand, { SecretId: 'arn', VersionStage }).resolves({ SecretString });
  }
}

function reader(profile: SignatureProfile = SIGNATURE_PROFILES['genesys-webhook']) {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const client = new SecretsManagerClient({});
  const secret = new SecretsManagerStreamSecret(client, 'arn', profile, clock, DEFAULT_LIMITS);
  const keys = async (afterMismatch = false) => {
    const read = await secret.keys({ afterMismatch });
    if (read.kind === 'unavailable') return read.cause;
    return {
      keys: read.keys.map(({ stage, key }) => `${stage} ${Buffer.from(key).toString('hex').slice(0, 2)}`),
      malformed: read.malformed,
      fresh: read.fresh,
      ...(read.unreachable === undefined ? {} : { unreachable: read.unreachable }),
    };
  };
  return { clock, keys };
}

describe('the stream secret in Secrets Manager', () => {
  beforeEach(() => holds({ AWSCURRENT: A }));

  it('knows all live versions once one is asked for that is not the current', async () => {
    holds({ AWSCURRENT: A, AWSPREVIOUS: B, AWSPENDING: 'c'.repeat(64) });
    expect(await reader().keys(true)).toEqual({
      keys: ['AWSCURRENT aa', 'AWSPREVIOUS bb', 'AWSPENDING cc'],
      malformed: [],
      fresh: true,
    });
  });

  it('is but the current version for the first delivery, which it waits for', async () => {
    holds({ AWSCURRENT: A, AWSPREVIOUS: B });
    const { keys, clock } = reader();
    expect(await keys()).toEqual({ keys: ['AWSCURRENT aa'], malformed: [], fresh: false });
    expect(secretsManager.calls()).toHaveLength(1);
    clock.nowMs = 1;
    // The others have not been looked at: no need to wait before they are.
    expect(await keys(true)).toEqual({ keys: ['AWSCURRENT aa', 'AWSPREVIOUS bb'], malformed: [], fresh: true });
    expect(await keys()).toEqual({ keys: ['AWSCURRENT aa', 'AWSPREVIOUS bb'], malformed: [], fresh: false });
    expect(secretsManager.calls()).toHaveLength(4);
  });

  it('says that there may be other versions while Secrets Manager does not tell them', async () => {
    const { keys, clock } = reader();
    await keys();
    secretsManager.reset();
    secretsManager.on(GetSecretValueCommand).rejects(Object.assign(new Error('down'), { name: 'TimeoutError' }));
    const known = { keys: ['AWSCURRENT aa'], malformed: [], fresh: false, unreachable: 'Secrets Manager: timeout' };
    expect(await keys(true)).toEqual(known);
    const calls = secretsManager.calls().length;
    clock.nowMs = 29_999;
    expect(await keys(true)).toEqual(known);
    expect(secretsManager.calls()).toHaveLength(calls);
    holds({ AWSCURRENT: A, AWSPREVIOUS: B });
    clock.nowMs = 30_000;
    expect(await keys(true)).toEqual({ keys: ['AWSCURRENT aa', 'AWSPREVIOUS bb'], malformed: [], fresh: true });
  });

  it('is read once in five minutes, all live versions of it', async () => {
    const { clock, keys } = reader();
    await keys();
    holds({ AWSCURRENT: B, AWSPREVIOUS: A });
    clock.nowMs = 299_999;
    expect(await keys()).toEqual({ keys: ['AWSCURRENT aa'], malformed: [], fresh: false });
    clock.nowMs = 300_000;
    expect(await keys()).toEqual({ keys: ['AWSCURRENT bb', 'AWSPREVIOUS aa'], malformed: [], fresh: true });
  });

  it('is read again after a mismatch, at most once in 30 s', async () => {
    const { clock, keys } = reader();
    await keys(true);
    holds({ AWSCURRENT: B });
    clock.nowMs = 29_999;
    expect(await keys(true)).toEqual({ keys: ['AWSCURRENT aa'], malformed: [], fresh: false });
    clock.nowMs = 30_000;
    expect(await keys(true)).toEqual({ keys: ['AWSCURRENT bb'], malformed: [], fresh: true });
    clock.nowMs = 59_999;
    expect(await keys(true)).toEqual({ keys: ['AWSCURRENT bb'], malformed: [], fresh: false });
  });

  it('names malformed versions and goes on with the others', async () => {
    holds({ AWSCURRENT: 'oops', AWSPREVIOUS: B });
    const { keys } = reader();
    expect(await keys()).toEqual({ keys: [], malformed: ['AWSCURRENT'], fresh: false });
    expect(await keys(true)).toEqual({ keys: ['AWSPREVIOUS bb'], malformed: ['AWSCURRENT'], fresh: true });
  });

  it('is whatever text it is for a sender that signs with a text', async () => {
    holds({ AWSCURRENT: 'Grüße', AWSPREVIOUS: ' ' });
    const { keys } = reader(SIGNATURE_PROFILES['genesys-open-messaging']);
    expect(await keys(true)).toEqual({ keys: ['AWSCURRENT 47'], malformed: ['AWSPREVIOUS'], fresh: true });
  });

  it('has no keys where the secret is not there', async () => {
    holds({});
    expect(await reader().keys(true)).toEqual({ keys: [], malformed: [], fresh: true });
  });

  it('goes on with what it knew, however old, while Secrets Manager is unreachable, and leaves it alone for 30 s', async () => {
    const { clock, keys } = reader();
    await keys();
    secretsManager.reset();
    secretsManager.on(GetSecretValueCommand).rejects(Object.assign(new Error('down'), { name: 'TimeoutError' }));
    clock.nowMs = 10 * 86_400_000;
    const unreachable = 'Secrets Manager: timeout';
    expect(await keys()).toEqual({ keys: ['AWSCURRENT aa'], malformed: [], fresh: false, unreachable });
    const calls = secretsManager.calls().length;
    clock.nowMs += 29_999;
    expect(await keys(true)).toMatchObject({ unreachable });
    expect(secretsManager.calls()).toHaveLength(calls);
    clock.nowMs += 1;
    await keys();
    expect(secretsManager.calls()).toHaveLength(calls + 3);
    holds({ AWSCURRENT: B });
    clock.nowMs += 30_000;
    expect(await keys()).toEqual({ keys: ['AWSCURRENT bb'], malformed: [], fresh: true });
  });

  it('is unavailable only with nothing known, and is read no more than once a second then', async () => {
    secretsManager.reset();
    secretsManager.on(GetSecretValueCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    const { clock, keys } = reader();
    for (clock.nowMs of [0, 1, 500, 999]) expect(await keys()).toBe('Secrets Manager: AccessDeniedException');
    expect(secretsManager.calls()).toHaveLength(1);
    holds({ AWSCURRENT: A });
    expect(await keys()).toBe('Secrets Manager: AccessDeniedException');
    clock.nowMs = 1_000;
    expect(await keys()).toEqual({ keys: ['AWSCURRENT aa'], malformed: [], fresh: false });
  });
});
