import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { SecretsManagerCrmToken } from '../../../lambdas/adapters/crm-token.secrets-manager.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';

const secretsManager = mockClient(SecretsManagerClient);

function reader() {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  return {
    clock,
    token: new SecretsManagerCrmToken(new SecretsManagerClient({}), 'arn', 'PLACEHOLDER', clock, DEFAULT_LIMITS),
  };
}

function holds(SecretString: string): void {
  secretsManager.reset();
  secretsManager.on(GetSecretValueCommand, { SecretId: 'arn' }).resolves({ SecretString });
}

describe('the CRM token in Secrets Manager', () => {
  beforeEach(() => holds('one'));

  it('is read once in five minutes, unless a fresh one is asked for', async () => {
    const { token, clock } = reader();
    expect(await token.read({ fresh: false, budgetMs: 5_000 })).toEqual({ kind: 'token', token: 'one' });
    holds('two\n');
    clock.nowMs = 299_999;
    expect(await token.read({ fresh: false, budgetMs: 5_000 })).toEqual({ kind: 'token', token: 'one' });
    expect(await token.read({ fresh: true, budgetMs: 5_000 })).toEqual({ kind: 'token', token: 'two' });
  });

  it('is none as long as nobody has pasted it', async () => {
    holds('PLACEHOLDER');
    expect(await reader().token.read({ fresh: false, budgetMs: 5_000 })).toEqual({
      kind: 'unavailable',
      cause: 'the CRM token has not been pasted into its secret yet',
    });
  });

  it.each(['', 'two words', 'line\nbreak', 'é'])('is none where it cannot stand in a header: %j', async (text) => {
    holds(text);
    expect(await reader().token.read({ fresh: false, budgetMs: 5_000 })).toEqual({
      kind: 'unavailable',
      cause: 'the CRM token cannot stand in a header',
    });
  });

  it('goes on with the one it knew while Secrets Manager is unreachable, and never names it', async () => {
    const { token } = reader();
    await token.read({ fresh: false, budgetMs: 5_000 });
    secretsManager.reset();
    secretsManager.on(GetSecretValueCommand).rejects(Object.assign(new Error('one'), { name: 'TimeoutError' }));
    expect(await token.read({ fresh: true, budgetMs: 5_000 })).toEqual({ kind: 'token', token: 'one' });
    expect(await reader().token.read({ fresh: false, budgetMs: 5_000 })).toEqual({
      kind: 'unavailable',
      cause: 'the CRM token cannot be read: timeout',
    });
  });
});
