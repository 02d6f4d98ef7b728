/** The table of fakes, by the values of `crm.connector`. */
import { dataverseFake } from './dataverse/fake.ts';
import type { FakeVendor } from './fake-vendor.ts';
import { hubspotFake } from './hubspot/fake.ts';
import { salesforceFake } from './salesforce/fake.ts';
import { zendeskFake } from './zendesk/fake.ts';

/** All fakes. */
export const FAKE_VENDORS = {
  salesforce: salesforceFake,
  hubspot: hubspotFake,
  dataverse: dataverseFake,
  zendesk: zendeskFake,
} as const satisfies Readonly<Record<string, FakeVendor>>;

/** A connector with a fake of its vendor. */
export type FakeVendorName = keyof typeof FAKE_VENDORS;
