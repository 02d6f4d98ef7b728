/** The checks of each vendor's set-up for its connector, by reading requests only. Pure. */
import type { ConnectorName } from '../../lambdas/connectors/connectors.ts';
import type { ConnectorSettings, CrmReply, CrmRequest } from '../../lambdas/domain/crm/connector.ts';
import { valuesAt } from '../../lambdas/domain/crm/response-rules.ts';

/** One thing that was looked at. `fix`: what to do about it; absent where it is right. */
export interface Finding {
  readonly what: string;
  readonly fix?: string;
}

/** Yields requests, is resumed with whatever the CRM answers. */
export type VendorCheck = (
  settings: ConnectorSettings,
  token: string,
) => Generator<CrmRequest, readonly Finding[], CrmReply>;

const ODATA = { 'odata-version': '4.0', 'odata-maxversion': '4.0' };

/** By the values of `crm.connector`; `rest` has none. */
export const VENDOR_CHECKS: Readonly<Record<Exclude<ConnectorName, 'rest'>, VendorCheck>> = {
  *salesforce({ apiVersion, contactObject, contactKey, callObject, callKey }) {
    const findings: Finding[] = [];
    for (const [object, key] of [
      [contactObject, contactKey],
      [callObject, callKey],
    ] as const) {
      const { body } = yield get(`/services/data/${apiVersion}/sobjects/${object}/describe`);
      const may = valuesAt(body, '/createable')[0] === true && valuesAt(body, '/updateable')[0] === true;
      findings.push(
        finding(`${object} may be created and updated`, may, `Give the integration user Create and Edit on ${object}.`),
      );
      const field = fieldNamed(body, key);
      const fieldOn = object === 'Task' ? 'Activity' : object;
      findings.push(
        finding(
          `${object}.${key} exists`,
          field !== undefined,
          `Create the field ${key} on ${fieldOn}: Text(255), External ID, Unique. Let the integration user edit it.`,
        ),
        finding(
          `${object}.${key} is an external id and unique`,
          field?.externalId === true && field.unique === true,
          `Tick External ID and Unique on the field ${key} of ${fieldOn}.`,
        ),
      );
    }
    return findings;
  },

  *hubspot({ contactKey, callKey }, token) {
    const findings: Finding[] = [];
    for (const [type, key] of [
      ['contacts', contactKey],
      ['calls', callKey],
    ] as const) {
      const { status, body } = yield get(`/crm/v3/properties/${type}/${key}`);
      const isUnique = valuesAt(body, '/hasUniqueValue')[0] === true;
      findings.push(
        finding(
          `the property ${key} of ${type} exists`,
          status === 200,
          `Create the ${type} property ${key} with hasUniqueValue: docs/crm/hubspot.md.`,
        ),
        finding(
          `the property ${key} of ${type} is unique`,
          isUnique,
          `Uniqueness can be set only on creation: create another property and name it by ${type === 'calls' ? 'crm.callKey' : 'crm.contactKey'}.`,
        ),
      );
    }
    const path = '/oauth/v2/private-apps/get/access-token-info';
    const info = yield { method: 'POST', path, body: { tokenKey: token } };
    // Tokens of OAuth apps are not known there.
    if (info.status !== 200) return findings;
    const scopes = valuesAt(info.body, '/scopes/*');
    const wanted = ['crm.objects.contacts.read', 'crm.objects.contacts.write'];
    const missing = wanted.filter((scope) => !scopes.includes(scope));
    return [
      ...findings,
      finding('the token has the needed scopes', missing.length === 0, `Add the scopes ${missing.join(', ')}.`),
    ];
  },

  *dataverse({ apiVersion, contactKey }) {
    const api = `/api/data/${apiVersion}`;
    const who = yield get(`${api}/WhoAmI`, ODATA);
    const [userId] = valuesAt(who.body, '/UserId');
    const keys = yield get(`${api}/EntityDefinitions(LogicalName='contact')/Keys`, ODATA);
    const key = valuesAt(keys.body, '/value/*').find((item) => {
      const columns = valuesAt(item, '/KeyAttributes/*');
      return columns.length === 1 && columns[0] === contactKey;
    });
    const privileges = yield get(
      `${api}/systemusers(${String(userId)})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`,
      ODATA,
    );
    const names = valuesAt(privileges.body, '/RolePrivileges/*/PrivilegeName');
    const wanted = ['prvCreateContact', 'prvWriteContact', 'prvCreateActivity', 'prvWriteActivity'];
    const missing = wanted.filter((name) => !names.includes(name));
    return [
      finding(
        'the application user is known',
        who.status === 200,
        'Add the application user in the Power Platform admin center.',
      ),
      finding(
        `contact has an alternate key over ${contactKey}`,
        key !== undefined,
        `Create the column ${contactKey} on contact, and an alternate key over it alone.`,
      ),
      finding(
        'the index of the alternate key is Active',
        valuesAt(key, '/EntityKeyIndexStatus')[0] === 'Active',
        'Wait for the index, or reactivate the key: two contacts have one value if it failed.',
      ),
      finding(
        'the application user has the needed privileges',
        missing.length === 0,
        `Give its security role ${missing.join(', ')}.`,
      ),
    ];
  },

  *zendesk() {
    const me = yield get('/api/v2/users/me.json');
    const [role] = valuesAt(me.body, '/user/role');
    const token = yield get('/api/v2/oauth/tokens/current.json');
    const scopes = valuesAt(token.body, '/token/scopes/*').flatMap((scope) => String(scope).split(' '));
    const wanted = ['users:write', 'tickets:write'];
    const missing =
      token.status === 200
        ? wanted.filter((scope) => !scopes.some((given) => given === scope || given === 'write'))
        : [];
    return [
      finding(
        'the credentials are those of an agent or administrator',
        role === 'agent' || role === 'admin',
        'Use the credentials of an agent or an administrator.',
      ),
      finding(
        'the token has the needed scopes',
        missing.length === 0,
        `Add the scopes ${missing.join(', ')} to the credentials.`,
      ),
    ];
  },
};

function get(path: string, headers?: Readonly<Record<string, string>>): CrmRequest {
  return { method: 'GET', path, ...(headers === undefined ? {} : { headers }) };
}

function finding(what: string, isRight: boolean, fix: string): Finding {
  return isRight ? { what } : { what, fix };
}

function fieldNamed(body: unknown, name: string): Readonly<Record<string, unknown>> | undefined {
  return valuesAt(body, '/fields/*').find((field) => valuesAt(field, '/name')[0] === name) as
    | Readonly<Record<string, unknown>>
    | undefined;
}
