/**
 * The connectors that must conform, each with the fake of its vendor, and what its records must be.
 */
import { CONNECTORS } from '../../lambdas/connectors/connectors.ts';
import { crmMapping as dataverseMapping } from '../../lambdas/connectors/dataverse/mapping.ts';
import { crmMapping as hubspotMapping } from '../../lambdas/connectors/hubspot/mapping.ts';
import { crmMapping as salesforceMapping } from '../../lambdas/connectors/salesforce/mapping.ts';
import { crmMapping as zendeskMapping } from '../../lambdas/connectors/zendesk/mapping.ts';
import type { LogCall, UpsertContact } from '../../lambdas/domain/crm/action.ts';
import type { Connector } from '../../lambdas/domain/crm/connector.ts';
import type { CrmMapping } from '../../lambdas/domain/crm/mapping.ts';
import type { OutcomeKind } from '../../lambdas/domain/crm/response-rules.ts';
import type { FakeVendor } from '../../local/crm/fakes/fake-vendor.ts';
import { FAKE_VENDORS, type FakeVendorName } from '../../local/crm/fakes/vendors.ts';

/** One connector on its fake. */
export interface Subject {
  readonly name: FakeVendorName;
  readonly connector: Connector;
  readonly vendor: FakeVendor;
  readonly mapping: CrmMapping;
  /** The secret, for a fake at `origin`. */
  readonly credentials: (origin: string) => object;
  /** An upsert as the shipped mapping makes it. */
  readonly contact: UpsertContact;
  /** Record of the call of `CALL`. */
  readonly call: { readonly subject: string; readonly duration: string; readonly direction: string };
  /** Meaning of each response in the vendor's error table, by the name of the fault. */
  readonly errors: Readonly<Record<string, OutcomeKind>>;
  /** Wait of the connector after the vendor's limits, without `Retry-After`. */
  readonly waits: { readonly rateMs?: number; readonly quotaMs?: number };
  /** Ids in the outcome if two records match. */
  readonly candidates?: readonly string[];
}

/** A call of 63 seconds. */
export const CALL: LogCall = {
  kind: 'log-call',
  conversationId: 'c-42',
  contact: 'p15550100',
  startedAt: '2026-11-26T21:00:00Z',
  durationMs: 63_000,
  direction: 'inbound',
  from: '+15550100',
  to: '+15550199',
};

/** The same call as another participant of the conversation ended it. */
export const SAME_CALL: LogCall = { ...CALL, durationMs: 61_000, queue: 'Support' };

const client = { clientId: 'K', clientSecret: 'S' };
const contact = (fields: object, onCreate?: object) =>
  ({
    kind: 'upsert-contact',
    key: 'p15550100',
    fields,
    ...(onCreate === undefined ? {} : { onCreate }),
  }) as UpsertContact;

const PERMANENT = 'permanent';

/** All of them. */
export const SUBJECTS: readonly Subject[] = [
  {
    name: 'salesforce',
    connector: CONNECTORS.salesforce,
    vendor: FAKE_VENDORS.salesforce,
    mapping: salesforceMapping,
    credentials: () => ({ type: 'oauth-client-credentials', ...client }),
    contact: contact({ Phone: '+15550100' }, { LastName: '+15550100' }),
    call: { subject: 'Call +15550100', duration: '63 s', direction: 'Inbound' },
    errors: {
      lock: 'conflict',
      'two-matches': 'ambiguous',
      'duplicate-rule': 'ambiguous',
      'lost-race': PERMANENT,
      'query-timeout': 'transient',
      'validation-rule': PERMANENT,
      'api-disabled': 'permission',
      'entity-locked': PERMANENT,
      'entity-deleted': PERMANENT,
      'concurrent-limit': 'transient',
      'unknown-exception': 'transient',
      'server-unavailable': 'transient',
      'no-permission': 'permission',
      'no-key': PERMANENT,
      'token-expired': 'credentials',
      quota: 'throttled',
    },
    waits: { quotaMs: 1_800_000 },
    candidates: [
      '/services/data/v68.0/sobjects/Contact/003000000000001AAA',
      '/services/data/v68.0/sobjects/Contact/003000000000002AAA',
    ],
  },
  {
    name: 'hubspot',
    connector: CONNECTORS.hubspot,
    vendor: FAKE_VENDORS.hubspot,
    mapping: hubspotMapping,
    credentials: () => ({ type: 'oauth-refresh-token', ...client, refreshToken: 'R' }),
    contact: contact({ phone: '+15550100' }),
    call: { subject: 'Call +15550100', duration: '63000 ms', direction: 'INBOUND' },
    errors: {
      lock: 'conflict',
      'two-matches': 'ambiguous',
      'lost-race': 'ambiguous',
      partial: PERMANENT,
      'partial-conflict': 'ambiguous',
      'partial-scopes': 'permission',
      'partial-rate': 'throttled',
      'partial-unknown': 'transient',
      'object-not-found': PERMANENT,
      'secondly-limit': 'throttled',
      migration: 'throttled',
      'internal-error': 'transient',
      timeout: 'transient',
      'no-permission': 'permission',
      'no-key': PERMANENT,
      'key-not-unique': PERMANENT,
      'token-expired': 'credentials',
      'token-revoked': 'credentials',
      quota: 'throttled',
      rate: 'throttled',
    },
    waits: { rateMs: 10_000, quotaMs: 3_600_000 },
  },
  {
    name: 'dataverse',
    connector: CONNECTORS.dataverse,
    vendor: FAKE_VENDORS.dataverse,
    mapping: dataverseMapping,
    credentials: (origin) => ({
      type: 'oauth-client-credentials',
      tokenUrl: `${origin}/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token`,
      ...client,
    }),
    contact: contact({ telephone1: '+15550100' }, { lastname: '+15550100' }),
    call: { subject: 'Call +15550100', duration: '2 min', direction: 'incoming' },
    errors: {
      lock: 'conflict',
      'two-matches': 'ambiguous',
      'lost-race': 'ambiguous',
      'duplicate-record': 'ambiguous',
      'plug-in': PERMANENT,
      'required-field': PERMANENT,
      'user-disabled': 'permission',
      'record-not-found': PERMANENT,
      'concurrent-limit': 'throttled',
      'internal-error': 'transient',
      unavailable: 'transient',
      'no-permission': 'permission',
      'no-key': PERMANENT,
      'token-expired': 'credentials',
      quota: 'throttled',
      rate: 'throttled',
    },
    waits: {},
  },
  {
    name: 'zendesk',
    connector: CONNECTORS.zendesk,
    vendor: FAKE_VENDORS.zendesk,
    mapping: zendeskMapping,
    credentials: () => ({ type: 'oauth-client-credentials', ...client }),
    contact: contact({}, { name: '+15550100', phone: '+15550100', role: 'end-user', skip_verify_email: true }),
    call: { subject: 'Call +15550100', duration: '63 s', direction: 'Inbound' },
    errors: {
      lock: 'conflict',
      'database-conflict': 'conflict',
      'database-deadlock': 'transient',
      'two-matches': 'ambiguous',
      'record-invalid': PERMANENT,
      'record-not-found': PERMANENT,
      'idempotency-error': PERMANENT,
      'rate-as-text': 'throttled',
      'object-error': 'transient',
      'no-permission': 'permission',
      'token-expired': 'credentials',
      quota: 'throttled',
      rate: 'throttled',
    },
    waits: {},
  },
];
