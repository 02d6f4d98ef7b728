/** `npm run crm -- check` against the fakes of the vendors. */
import { describe, expect, it } from '@jest/globals';
import { runCheck } from '../../../bin/crm/check.ts';
import { crmListener } from '../../../local/crm/crm-listener.ts';
import { FakeCrm } from '../../../local/crm/fakes/fake-crm.ts';
import { FAKE_VENDORS, type FakeVendorName } from '../../../local/crm/fakes/vendors.ts';
import { listenOnLoopback } from '../../../local/http/loopback.ts';

async function checked(vendor: FakeVendorName, fault?: string, secret: object = {}) {
  const fake = new FakeCrm({
    vendor: FAKE_VENDORS[vendor],
    credentials: { clientId: 'K', clientSecret: 'S', refreshToken: 'R' },
  });
  const server = await listenOnLoopback(crmListener(fake, 'key'), 0);
  fake.origin = server.url;
  const kind =
    vendor === 'hubspot' ? { type: 'oauth-refresh-token', refreshToken: 'R' } : { type: 'oauth-client-credentials' };
  const tokenUrl = vendor === 'dataverse' ? { tokenUrl: `${server.url}/tenant/oauth2/v2.0/token` } : {};
  const credentials = { ...kind, clientId: 'K', clientSecret: 'S', ...tokenUrl, ...secret };
  try {
    if (fault !== undefined) expect(fake.setFaults({ rules: [{ fault }] })).toBeUndefined();
    return await runCheck([`crm.connector=${vendor}`, `crm.baseUrl=${server.url}`], {
      CRM_CREDENTIALS: JSON.stringify(credentials),
    });
  } finally {
    await server.close();
  }
}

const VENDORS = Object.keys(FAKE_VENDORS) as FakeVendorName[];

describe('npm run crm -- check', () => {
  it.each(VENDORS)('finds that %s has what its connector needs', async (vendor) => {
    const { code, text } = await checked(vendor);
    expect([code, text]).toEqual([0, expect.stringMatching(/^ {2}ok {7}a token can be had\n/)]);
    expect(text).not.toContain('missing');
  });

  it('prints the rate that the requests are held to', async () => {
    expect((await checked('zendesk')).text).toContain('\n  rate     200/60s: most requests (crm.rate)\n');
  });

  it.each([
    ['salesforce', 'no-key', 'missing  Contact.CrmKey__c exists\n           Create the field CrmKey__c on Contact'],
    [
      'salesforce',
      'key-not-unique',
      'missing  Task.ConvId__c is an external id and unique\n           Tick External ID and Unique on the field ConvId__c of Activity.',
    ],
    ['salesforce', 'no-permission', 'missing  Contact may be created and updated'],
    ['hubspot', 'no-key', 'missing  the property ext_key of contacts exists'],
    ['hubspot', 'key-not-unique', 'missing  the property conv_id of calls is unique'],
    ['hubspot', 'no-permission', 'Add the scopes crm.objects.contacts.write.'],
    ['dataverse', 'no-key', 'missing  contact has an alternate key over new_extkey'],
    ['dataverse', 'key-not-unique', 'missing  the index of the alternate key is Active'],
    ['dataverse', 'no-permission', 'Give its security role prvCreateContact, prvWriteContact'],
    ['zendesk', 'no-permission', 'Use the credentials of an agent or an administrator.'],
  ] as const)('says what to create in %s with %s', async (vendor, fault, text) => {
    expect(await checked(vendor, fault)).toEqual({ code: 1, text: expect.stringContaining(text) });
  });

  it('says why there is no token', async () => {
    const { code, text } = await checked('zendesk', undefined, { clientSecret: 'wrong' });
    expect([code, text]).toEqual([
      1,
      expect.stringContaining('missing  a token can be had\n           the token endpoint'),
    ]);
    expect(text).not.toContain('wrong');
  });

  it('needs credentials', async () => {
    const run = runCheck(['crm.connector=hubspot'], {});
    await expect(run).rejects.toThrow('CRM_CREDENTIALS is missing');
  });
});
