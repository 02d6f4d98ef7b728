import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { SecretsManagerDigestKey } from '../../../lambdas/adapters/digest-key.secrets-manager.ts';

const secretsManager = mockClient(SecretsManagerClient);
const HEX = '0123456789abcdef'.repeat(4);

function source(budgetMs = 2_000) {
  return new SecretsManagerDigestKey(new SecretsManagerClient({}), 'arn', budgetMs);
}

describe('the digest key in Secrets Manager', () => {
  beforeEach(() => void secretsManager.reset());

  it('is read once for the life of an environment', async () => {
    secretsManager.on(GetSecretValueCommand, { SecretId: 'arn' }).resolves({ SecretString: HEX });
    const key = source();
    const [first, second] = await Promise.all([key.read(), key.read()]);
    expect(first).toEqual({ kind: 'key', key: Buffer.from(HEX, 'hex') });
    expect(await key.read()).toBe(first);
    expect(second).toBe(first);
    expect(secretsManager.calls()).toHaveLength(1);
  });

  it('is read again after a failure', async () => {
    secretsManager
      .on(GetSecretValueCommand)
      .rejectsOnce(Object.assign(new Error('no'), { name: 'AccessDeniedException' }))
      .resolves({ SecretString: HEX });
    const key = source();
    expect(await key.read()).toEqual({
      kind: 'unavailable',
      cause: 'the digest key cannot be read: AccessDeniedException',
    });
    expect(await key.read()).toMatchObject({ kind: 'key' });
  });

  it.each([undefined, '', HEX.slice(1), `${HEX}0`, HEX.replace('0', 'g')])(
    'is unavailable if the secret is %j, and the cause does not have it',
    async (SecretString) => {
      secretsManager.on(GetSecretValueCommand).resolves(SecretString === undefined ? {} : { SecretString });
      expect(await source().read()).toEqual({
        kind: 'unavailable',
        cause:
          'the digest key cannot be read: it is not 64 hex digits; restore the version of the secret that the stack generated',
      });
    },
  );

  it('is unavailable if Secrets Manager does not answer within the budget', async () => {
    secretsManager.on(GetSecretValueCommand).callsFake(() => new Promise(() => undefined));
    expect(await source(20).read()).toEqual({
      kind: 'unavailable',
      cause: 'the digest key cannot be read: timeout',
    });
  });
});
