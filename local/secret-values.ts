/** The values of the template's secrets: kept from earlier starts, given by the user, or made. */
import { randomBytes } from 'node:crypto';
import { signingKeyFrom } from '../lambdas/domain/delivery/signature.ts';
import { UNSET_CRM_TOKEN } from '../lambdas/processor/env.ts';
import type { Roles } from './cloudformation/roles.ts';
import type { SecretSpec } from './cloudformation/template.ts';
import { isLocalCredentials } from './crm/fakes/local-credentials.ts';
import { generateSecret } from './secrets/generated-secret.ts';
import type { SecretStore } from './secrets/secret-store.ts';
import type { Settings } from './settings.ts';

/**
 * Creates what is missing, and makes what the user has given the current version. Returns the CRM's
 * credentials: those of the user, or `fakeCredentials`, or the stored ones.
 */
export function createSecrets(
  store: SecretStore,
  secrets: readonly SecretSpec[],
  roles: Roles,
  settings: Settings,
  fakeCredentials: string | undefined,
): string {
  for (const { arn, name, value } of secrets) {
    store.ensure(arn, name, () => (typeof value === 'string' ? value : generateSecret(value)));
  }
  setCurrent(store, roles.streamSecretArn, settings.streamSecret ?? usableStreamSecret(store, roles.streamSecretArn));
  const credentials = settings.crmCredentials ?? fakeCredentials ?? usableToken(store, roles.crmTokenSecretArn);
  setCurrent(store, roles.crmTokenSecretArn, credentials);
  return credentials;
}

/**
 * The stored value. Where no one has pasted credentials, a token is made: the calls have to carry
 * something.
 */
function usableToken(store: SecretStore, arn: string): string {
  const { value } = store.get(arn);
  const isMissing = value === UNSET_CRM_TOKEN || isLocalCredentials(value);
  return isMissing ? `local-${randomBytes(16).toString('hex')}` : value;
}

/** The stored value; where the template leaves the secret without a usable one, a new one. */
function usableStreamSecret(store: SecretStore, arn: string): string {
  const { value } = store.get(arn);
  return signingKeyFrom(value) === undefined ? randomBytes(32).toString('hex') : value;
}

function setCurrent(store: SecretStore, arn: string, value: string): void {
  if (store.get(arn).value !== value) store.put(arn, value);
}
