import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { UserError } from '../../cli/user-error.ts';
import type { LoopbackServer } from '../../local/http/loopback.ts';
import { localSecretsManagerClient } from '../../local/local-clients.ts';
import { generateSecret } from '../../local/secrets/generated-secret.ts';
import { SecretStore } from '../../local/secrets/secret-store.ts';
import { serveSecretsManager } from '../../local/secrets/secrets-manager.ts';

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:stream-local0';

let directory: string;
let server: LoopbackServer;
let client: SecretsManagerClient;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'secrets-'));
  const store = new SecretStore(join(directory, 'secrets.json'));
  store.ensure(ARN, 'stream', () => 'first');
  server = await serveSecretsManager(store, 'key');
  client = localSecretsManagerClient({ secretsManager: server.url, accessKey: 'key' });
});

afterEach(async () => {
  client.destroy();
  await server.close();
  rmSync(directory, { recursive: true });
});

async function valueAt(VersionStage?: string): Promise<string | undefined> {
  return (await client.send(new GetSecretValueCommand({ SecretId: ARN, VersionStage }))).SecretString;
}

describe('the local Secrets Manager', () => {
  it('makes what is put the current version, and keeps the one before', async () => {
    await client.send(new PutSecretValueCommand({ SecretId: 'stream', SecretString: 'second' }));
    expect([await valueAt(), await valueAt('AWSPREVIOUS')]).toEqual(['second', 'first']);
  });

  it('carries a rotation: pending, then current', async () => {
    const before = await client.send(new GetSecretValueCommand({ SecretId: ARN }));
    const put = await client.send(
      new PutSecretValueCommand({
        SecretId: ARN,
        SecretString: 'second',
        ClientRequestToken: '0123456789012345678901234567890123456789',
        VersionStages: ['AWSPENDING'],
      }),
    );
    expect([await valueAt(), await valueAt('AWSPENDING')]).toEqual(['first', 'second']);
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: ARN,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: put.VersionId,
        RemoveFromVersionId: before.VersionId,
      }),
    );
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: ARN }));
    expect(VersionIdsToStages).toEqual({
      [String(put.VersionId)]: ['AWSPENDING', 'AWSCURRENT'],
      [String(before.VersionId)]: ['AWSPREVIOUS'],
    });
  });

  it('answers as Secrets Manager does for what is not there', async () => {
    await expect(valueAt('AWSPENDING')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(client.send(new GetSecretValueCommand({ SecretId: 'other' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  it('takes one token for one value only', async () => {
    const token = { SecretId: ARN, ClientRequestToken: '0123456789012345678901234567890123456789' };
    await client.send(new PutSecretValueCommand({ ...token, SecretString: 'second' }));
    await client.send(new PutSecretValueCommand({ ...token, SecretString: 'second' }));
    await expect(client.send(new PutSecretValueCommand({ ...token, SecretString: 'third' }))).rejects.toThrow(/exists/);
  });

  it('keeps everything for the next start, for its owner’s eyes only', async () => {
    await client.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: 'second' }));
    const path = join(directory, 'secrets.json');
    expect(new SecretStore(path).get('stream').value).toBe('second');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('generated secrets', () => {
  it('keep to the template’s rules', () => {
    const hex = generateSecret({
      PasswordLength: 64,
      ExcludeUppercase: true,
      ExcludePunctuation: true,
      ExcludeCharacters: 'ghijklmnopqrstuvwxyz',
    });
    expect(hex).toMatch(/^[0-9a-f]{64}$/);
    expect(generateSecret({})).toHaveLength(32);
    expect(JSON.parse(generateSecret({ SecretStringTemplate: '{"user":"u"}', GenerateStringKey: 'p' }))).toEqual({
      user: 'u',
      p: expect.stringMatching(/^.{32}$/s),
    });
  });
});

describe('a file of secrets that cannot be read', () => {
  const refusal = (path: string) => {
    try {
      return new SecretStore(path);
    } catch (error) {
      return error;
    }
  };

  it.each([
    '',
    '{"a":{"name":"stream","versions":{"1":{"value":"deadbeef',
    'null',
    '[]',
    '{"a":null}',
    '{"a":{"name":"stream","versions":{"1":"deadbeef"}}}',
  ])('is refused by its name, and not quoted: %s', (text) => {
    const path = join(directory, 'damaged.json');
    writeFileSync(path, text);
    const refused = refusal(path);
    expect(refused).toBeInstanceOf(UserError);
    expect((refused as UserError).message).toBe(
      `The secrets in ${path} cannot be read: the file is damaged. Put back a copy of it, or delete it: new secrets are made then, and who signs with an old one has to be told the new one.`,
    );
  });

  it('because it is unknown, is refused by its name', () => {
    const path = join(directory, 'directory.json');
    mkdirSync(path);
    expect(refusal(path)).toMatchObject({
      name: 'Refusal',
      message: expect.stringMatching(/directory\.json cannot be read: .*EISDIR/),
    });
  });
});
