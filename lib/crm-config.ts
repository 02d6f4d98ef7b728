/** Which CRM is called, and how: the keys of the configuration that depend on each other. */
import { existsSync, statSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { isSupportedCountry } from 'libphonenumber-js/min';
import { CONNECTORS, type ConnectorName } from '../lambdas/connectors/connectors.ts';
import type { Connector, ConnectorSettings, RequestRate } from '../lambdas/domain/crm/connector.ts';
import { NO_RATE, paceOf, parseRate } from '../lambdas/domain/crm/request-rate.ts';
import { problemsWithMapping } from './mapping-file.ts';

/** The CRM as configured. */
export interface CrmConfig {
  readonly connector: ConnectorName;
  readonly baseUrl: string;
  /** Those that differ from the connector's. */
  readonly settings: Partial<ConnectorSettings>;
  /** Country of numbers without a country code, in ISO 3166-1 alpha-2. */
  readonly defaultCountry?: string;
  /** Absent: no limit. */
  readonly rate?: RequestRate;
  /** Absolute path of the user's mapping. Absent: the connector's. */
  readonly mappingFile?: string;
}

const NAMES = Object.keys(CONNECTORS) as ConnectorName[];

/** Names of fields and objects, which become part of URLs. */
const IDENTIFIER = { parse: (value: string) => /^[A-Za-z][\w-]{0,79}$/.test(value) };
const MAPPING_EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];

/** Keys of `ConnectorSettings`. A connector that has no default for one does not have the key. */
const SETTING_KEYS = {
  'crm.contactKey': 'contactKey',
  'crm.callKey': 'callKey',
  'crm.contactObject': 'contactObject',
  'crm.callObject': 'callObject',
  'crm.apiVersion': 'apiVersion',
} as const satisfies Readonly<Record<string, keyof ConnectorSettings>>;

const BASE_URL_WANTED =
  'the CRM’s base URL: https, without credentials, query or fragment (http on 127.0.0.1 or localhost, or with crm.allowHttp=true)';

const RATE_WANTED = 'requests a time such as 190/10s, at least one in 10 s; or none';

/** All requests of an action share one time budget, which must suffice for three. */
const SPACING_MAX_MS = 1_000;

/** Rows of the configuration's table. */
export const CRM_KEYS = {
  'crm.connector': {
    expects: `one of ${NAMES.join(', ')}`,
    default: 'rest',
    description: `kind of CRM: ${NAMES.join(', ')}. docs/crm/ has a page for each`,
    parse: (value: string) => Object.hasOwn(CONNECTORS, value),
  },
  'crm.baseUrl': {
    expects: BASE_URL_WANTED,
    description: 'where the CRM is; required, but for hubspot',
    parse: isBaseUrl,
  },
  'crm.allowHttp': {
    expects: 'true or false',
    default: 'false',
    description: 'whether the CRM may be called over plain http, where its token can be read on the way',
    parse: (value: string) => value === 'true' || value === 'false',
  },
  'crm.contactKey': {
    ...IDENTIFIER,
    expects: 'the name of a field: letters, digits, underscores and hyphens',
    description: `unique field of contacts; else ${defaultsOf('contactKey')}`,
  },
  'crm.callKey': {
    ...IDENTIFIER,
    expects: 'the name of a field: letters, digits, underscores and hyphens',
    description: `unique field of calls; else ${defaultsOf('callKey')}`,
  },
  'crm.contactObject': {
    ...IDENTIFIER,
    expects: 'the name of an object: letters, digits, underscores and hyphens',
    description: `object that contacts are; else ${defaultsOf('contactObject')}`,
  },
  'crm.callObject': {
    ...IDENTIFIER,
    expects: 'the name of an object: letters, digits, underscores and hyphens',
    description: `object that calls are; else ${defaultsOf('callObject')}`,
  },
  'crm.apiVersion': {
    expects: 'a version as it stands in the CRM’s URLs, such as v68.0 or 2026-09',
    description: `version of the CRM’s API; else ${defaultsOf('apiVersion')}`,
    parse: (value: string) => /^v?\d[\d.-]{0,19}$/.test(value),
  },
  'crm.defaultCountry': {
    expects: 'a country in two capital letters (ISO 3166-1 alpha-2), such as US',
    description: 'country of phone numbers that come without a country code; else they stay as they are',
    parse: (value: string) => isSupportedCountry(value),
  },
  'crm.rate': {
    expects: RATE_WANTED,
    description:
      'most requests to the CRM, for example 190/10s; none: no limit; else the connector’s: docs/crm/README.md',
    parse: (value: string) => value === NO_RATE || parseRate(value) !== undefined,
  },
  'mapping.file': {
    expects: `a file that exports crmMapping: ${MAPPING_EXTENSIONS.join(', ')}`,
    description: 'your mapping, outside this project; else that of the connector (rest: lambdas/crm-mapping.ts)',
    parse: (value: string) => MAPPING_EXTENSIONS.includes(extname(value)) && isFile(resolve(value)),
  },
} as const;

/** Problems of the keys together; none where a single value is wrong. */
export interface CrmProblem {
  readonly key: string;
  readonly got: string | undefined;
  readonly expected: string;
}

/** Reads the keys. `given`: those that the context has; `values`: those of them that are valid. */
export function readCrmConfig(
  given: ReadonlyMap<string, unknown>,
  values: ReadonlyMap<string, string>,
): { readonly crm: CrmConfig; readonly problems: readonly CrmProblem[] } {
  const name = (values.get('crm.connector') ?? 'rest') as ConnectorName;
  const connector: Connector = CONNECTORS[name];
  const problems: CrmProblem[] = [];
  const settings: Partial<Record<keyof ConnectorSettings, string>> = {};
  for (const [key, setting] of Object.entries(SETTING_KEYS)) {
    const value = values.get(key);
    if (value === undefined) continue;
    if (connector.settings[setting] !== undefined) settings[setting] = value;
    else
      problems.push({ key, got: JSON.stringify(value), expected: `no value: crm.connector ${name} does not have it` });
  }
  const baseUrl = values.get('crm.baseUrl') ?? connector.baseUrl;
  if (baseUrl === undefined && !given.has('crm.baseUrl'))
    problems.push({ key: 'crm.baseUrl', got: undefined, expected: BASE_URL_WANTED });
  if (baseUrl !== undefined && isOpenToReaders(baseUrl) && values.get('crm.allowHttp') !== 'true')
    problems.push({ key: 'crm.baseUrl', got: JSON.stringify(baseUrl), expected: BASE_URL_WANTED });
  const defaultCountry = values.get('crm.defaultCountry');
  const country = defaultCountry === undefined ? {} : { defaultCountry };
  const { rate, problems: rateProblems } = readRate(connector, name, values.get('crm.rate'));
  problems.push(...rateProblems);
  const mappingFile = values.get('mapping.file');
  const file = mappingFile === undefined ? {} : { mappingFile: resolve(mappingFile) };
  for (const problem of mappingFile === undefined ? [] : problemsWithMapping(resolve(mappingFile), connector))
    problems.push({
      key: 'mapping.file',
      got: JSON.stringify(mappingFile),
      expected: `a mapping that can be used: ${problem}`,
    });
  const limited = rate === undefined ? {} : { rate };
  return { crm: { connector: name, baseUrl: baseUrl ?? '', settings, ...country, ...limited, ...file }, problems };
}

function readRate(
  connector: Connector,
  name: ConnectorName,
  value: string | undefined,
): { readonly rate: RequestRate | undefined; readonly problems: readonly CrmProblem[] } {
  const rate = value === undefined ? connector.rate : parseRate(value);
  const isSlow = rate !== undefined && name !== 'rest' && paceOf(rate).spacingMs > SPACING_MAX_MS;
  if (!isSlow) return { rate, problems: [] };
  const expected = `a faster rate: an action of crm.connector ${name} takes up to three requests within limits.crmTimeoutMs`;
  return { rate, problems: [{ key: 'crm.rate', got: JSON.stringify(value), expected }] };
}

function defaultsOf(setting: keyof ConnectorSettings): string {
  const defaults = NAMES.flatMap((name) => {
    const value = (CONNECTORS[name] as Connector).settings[setting];
    return value === undefined ? [] : [`${value} (${name})`];
  });
  return defaults.join(', ');
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

function isBaseUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const bare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return bare && (url.protocol === 'https:' || url.protocol === 'http:');
}

/** True if calls leave the machine unencrypted. */
function isOpenToReaders(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === 'http:' && hostname !== '127.0.0.1' && hostname !== 'localhost';
}
