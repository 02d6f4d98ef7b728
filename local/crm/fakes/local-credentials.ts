/**
 * Credentials for a fake on this machine: as those of its vendor, with a secret that only this
 * start has.
 */
import type { FakeVendorName } from './vendors.ts';

/** By which credentials of an earlier start are known. */
const CLIENT_ID = 'local-fake';
const TENANT = '00000000-0000-0000-0000-000000000000';

/** The value of the credentials' secret, for a fake at `origin`. */
export function localCredentials(vendor: FakeVendorName, origin: string, secret: string): string {
  const client = { clientId: CLIENT_ID, clientSecret: secret };
  switch (vendor) {
    case 'salesforce':
    case 'zendesk':
      return JSON.stringify({ type: 'oauth-client-credentials', ...client });
    case 'hubspot':
      return JSON.stringify({ type: 'oauth-refresh-token', ...client, refreshToken: `refresh-${secret}` });
    case 'dataverse': {
      const tokenUrl = `${origin}/${TENANT}/oauth2/v2.0/token`;
      return JSON.stringify({ type: 'oauth-client-credentials', tokenUrl, ...client });
    }
    default:
      return vendor satisfies never;
  }
}

/** True for credentials that an earlier start made for a fake. */
export function isLocalCredentials(value: string): boolean {
  return value.includes(`"${CLIENT_ID}"`);
}
