/** The one typed configuration, read from the CDK context: `-c key=value`, or `context` in cdk.json. */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { LIMIT_TABLE, type LimitOverrides, type Limits, resolveLimits } from '../lambdas/domain/limits.ts';
import { ALL_PROFILES, type SenderKey, type SignatureProfile } from '../lambdas/domain/signature-profiles.ts';
import { distanceBetween, isNearly } from './near-names.ts';

/** Everything that can be configured, checked. */
export interface PipelineConfig {
  readonly stackName: string;
  readonly crmBaseUrl: string;
  readonly ingestMemoryMb: number;
  readonly processorMemoryMb: number;
  /** Ingest environments that are kept ready; 0: none. */
  readonly ingestProvisionedConcurrency: number;
  /** For how long a batch is gathered before the processor is called; 0: what is there. */
  readonly processorBatchWindowSeconds: number;
  readonly tracing: boolean;
  readonly redriveMemoryMb: number;
  readonly logRetentionDays: RetentionDays;
  readonly tableName?: string;
  readonly deliveryQueueName?: string;
  readonly quarantineName?: string;
  /** Provisioned capacity of the table; on demand where absent. */
  readonly tableCapacity?: { readonly readUnits: number; readonly writeUnits: number };
  /** Who is told of alarms; nobody where absent. */
  readonly alarmsEmail?: string;
  readonly domain?: { readonly name: string; readonly certificateArn: string };
  /** The senders that may deliver by webhook. */
  readonly profiles: readonly SignatureProfile[];
  /** The partner event source that events come from besides, and the `detail-type`s that are let through. */
  readonly partnerBus?: { readonly eventSource: string; readonly topics: readonly string[] };
  readonly limits: Limits;
  readonly limitOverrides: LimitOverrides;
}

/** A wrong, missing or unknown key. */
export interface ConfigProblem {
  readonly key: string;
  /** What it got, as JSON; undefined where it is missing. */
  readonly got: string | undefined;
  readonly wants: string;
}

/** The context is not a configuration. The message names every key, what it got and what it wants. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(describeProblems(problems));
    this.problems = problems;
  }
}

/** One configuration key, as README lists it. */
export interface ConfigKey {
  readonly wants: string;
  /** Undefined where the key is required, or where leaving it out has a meaning of its own. */
  readonly fallback?: string | number;
  readonly about: string;
  readonly accepts: (value: string) => boolean;
}

const MEMORY = { wants: 'a whole number of megabytes from 128 to 10240', accepts: wholeNumber(128, 10_240) };
const CAPACITY = { wants: 'a whole number from 1 to 40000', accepts: wholeNumber(1, 40_000) };
const QUEUE_NAME = {
  wants: '1 to 80 letters, digits, hyphens or underscores',
  accepts: (value: string) => /^[\w-]{1,80}$/.test(value),
};
const FLAG = {
  wants: 'true or false',
  fallback: 'false',
  accepts: (value: string) => value === 'true' || value === 'false',
};
const CUSTOMER_TOPIC = 'v2.detail.events.conversation.{id}.customer';
const RETENTION_DAYS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number' && days < 9_999,
);

/** The topics that are let through where none are named: what the shipped mapping handles. */
export const DEFAULT_TOPICS: readonly string[] = [`${CUSTOMER_TOPIC}.start`, `${CUSTOMER_TOPIC}.end`];

/** Every key but `limits.<name>`. */
export const CONFIG_KEYS = {
  'crm.baseUrl': {
    wants:
      'the CRM’s base URL: https, without credentials, query or fragment (http on 127.0.0.1 or localhost, or with crm.allowHttp=true)',
    about: 'where the CRM is; required',
    accepts: isBaseUrl,
  },
  'crm.allowHttp': {
    ...FLAG,
    about: 'whether the CRM may be called over plain http, where its token can be read on the way',
  },
  stackName: {
    wants: 'letters, digits and hyphens, beginning with a letter, at most 128',
    fallback: 'GenesysCrmPipeline',
    about: 'name of the CloudFormation stack',
    accepts: (value) => /^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(value),
  },
  'ingest.memoryMb': { ...MEMORY, fallback: 512, about: 'memory, and with it CPU, of the ingest function' },
  'processor.memoryMb': { ...MEMORY, fallback: 512, about: 'memory, and with it CPU, of the processor function' },
  'redrive.memoryMb': { ...MEMORY, fallback: 512, about: 'memory, and with it CPU, of the redrive function' },
  'ingest.provisionedConcurrency': {
    wants: 'a whole number from 0 to 1000',
    fallback: 0,
    about: 'ingest environments kept ready, so that no delivery meets a cold start; 0: none',
    accepts: wholeNumber(0, 1_000),
  },
  'processor.batchWindowSeconds': {
    wants: 'a whole number of seconds from 0 to 300',
    fallback: 0,
    about: 'how long a batch is gathered: fewer invocations for a later delivery; 0: what is there',
    accepts: wholeNumber(0, 300),
  },
  tracing: {
    wants: 'true or false',
    fallback: 'true',
    about: 'whether X-Ray traces the functions, which below a few events a second costs as much as all else',
    accepts: (value) => value === 'true' || value === 'false',
  },
  'logs.retentionDays': {
    wants: `one of ${RETENTION_DAYS.join(', ')}`,
    fallback: 30,
    about: 'how long logs are kept',
    accepts: (value) => RETENTION_DAYS.map(String).includes(value),
  },
  'names.table': {
    wants: '3 to 255 letters, digits, hyphens, underscores or dots',
    about: 'name of the state table; else CloudFormation makes one',
    accepts: (value) => /^[\w.-]{3,255}$/.test(value),
  },
  'names.deliveryQueue': { ...QUEUE_NAME, about: 'name of the delivery queue; else CloudFormation makes one' },
  'names.quarantine': { ...QUEUE_NAME, about: 'name of the quarantine queue; else CloudFormation makes one' },
  'table.readUnits': { ...CAPACITY, about: 'provisioned read capacity of the state table; else on demand' },
  'table.writeUnits': { ...CAPACITY, about: 'provisioned write capacity of the state table; else on demand' },
  'alarms.email': {
    wants: 'an e-mail address',
    about: 'who is told of alarms, by e-mail; else subscribe to the topic yourself',
    accepts: (value) => /^[^\s@,;<>"]{1,64}@[^\s@,;<>"]{1,190}\.[^\s@,;<>".]{2,63}$/.test(value),
  },
  'domain.name': {
    wants: 'a domain name such as hooks.example.com',
    about: 'custom domain of the webhook; with domain.certificateArn',
    accepts: (value) => /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(value),
  },
  'domain.certificateArn': {
    wants: 'the ARN of an ACM certificate in the stack’s region',
    about: 'certificate of the custom domain; with domain.name',
    accepts: (value) => /^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/.test(value),
  },
  ...profileKeys(),
  partnerEventSource: {
    wants: 'a partner event source of Genesys Cloud: aws.partner/genesys.com/cloud/<organisation>/<suffix>',
    about: 'partner event source to take events from, besides the webhook',
    accepts: (value) => /^aws\.partner\/genesys\.com\/cloud\/[0-9a-f-]{36}\/[\w.-]{1,64}$/.test(value),
  },
  partnerTopics: {
    wants: `topics as Genesys lists them, braces included, separated by commas, for example ${CUSTOMER_TOPIC}.end`,
    about: 'which of its topics are let through; else customer.start and customer.end',
    // An event pattern holds 2,048 characters, the source among them.
    accepts: (value) => value.length <= 1_500 && value.split(',').every((topic) => /^v2\.[\w.{}-]{1,125}$/.test(topic)),
  },
} as const satisfies Record<string, ConfigKey>;

type KeyName = keyof typeof CONFIG_KEYS;

/** Keys that mean nothing without another one. */
const NEEDS: readonly (readonly [KeyName, KeyName])[] = [
  ['domain.name', 'domain.certificateArn'],
  ['domain.certificateArn', 'domain.name'],
  ['table.readUnits', 'table.writeUnits'],
  ['table.writeUnits', 'table.readUnits'],
  ['partnerTopics', 'partnerEventSource'],
];

/** The keys that switch a sender on. */
function profileKeys(): Readonly<Record<SenderKey, ConfigKey & { readonly fallback: string }>> {
  const keys = ALL_PROFILES.flatMap(({ onlyWith }) => (onlyWith === undefined ? [] : [onlyWith]));
  const entries = keys.map(({ configKey, about }) => [configKey, { ...FLAG, about }]);
  return Object.fromEntries(entries) as ReturnType<typeof profileKeys>;
}

/** What the key of each limit begins with. */
const LIMITS = 'limits.';

/** First words of our keys: what begins with one of them is meant to be ours. */
const FIRST_WORDS = new Set([...Object.keys(CONFIG_KEYS).map((key) => key.split('.')[0] ?? ''), 'limits']);

/** What may be written where a key is meant, and the key. A limit is known without its first word, too. */
const SPELLINGS: readonly (readonly [string, string])[] = [
  ...Object.keys(CONFIG_KEYS).map((key) => [key, key] as const),
  ...Object.keys(LIMIT_TABLE).flatMap((name) => [
    [`${LIMITS}${name}`, `${LIMITS}${name}`] as const,
    [name, `${LIMITS}${name}`] as const,
  ]),
];

/** Reads the configuration. Throws a `ConfigError` with every problem at once. */
export function readPipelineConfig(context: Readonly<Record<string, unknown>>): PipelineConfig {
  const given = flatten(context);
  const problems: ConfigProblem[] = [];
  const values = new Map<KeyName, string>();
  for (const [key, value] of given) {
    if (isKey(key)) check(key, value, values, problems);
    else if (!key.startsWith(LIMITS)) problems.push(unknownKey(key, value));
  }
  if (!given.has('crm.baseUrl'))
    problems.push({ key: 'crm.baseUrl', got: undefined, wants: CONFIG_KEYS['crm.baseUrl'].wants });
  const baseUrl = values.get('crm.baseUrl');
  if (baseUrl !== undefined && isOpenToReaders(baseUrl) && values.get('crm.allowHttp') !== 'true')
    problems.push({ key: 'crm.baseUrl', got: JSON.stringify(baseUrl), wants: CONFIG_KEYS['crm.baseUrl'].wants });
  for (const need of NEEDS) problems.push(...missing(need, given));
  const resolved = limitsIn(given);
  problems.push(...resolved.problems);
  if (problems.length > 0 || resolved.limits === undefined) throw new ConfigError(problems);
  return configFrom(values, resolved.limits, resolved.overrides);
}

/** Reads the limits alone: what else is configured, or missing, does not matter. Throws as `readPipelineConfig` does. */
export function readLimits(context: Readonly<Record<string, unknown>>): Limits {
  const given = flatten(context);
  const unknown = [...given].filter(([key]) => !isKey(key) && !key.startsWith(LIMITS));
  const resolved = limitsIn(given);
  const problems = [...unknown.map(([key, value]) => unknownKey(key, value)), ...resolved.problems];
  if (problems.length > 0 || resolved.limits === undefined) throw new ConfigError(problems);
  return resolved.limits;
}

function limitsIn(given: ReadonlyMap<string, unknown>): ReturnType<typeof resolveLimits> {
  const limits = [...given].filter(([key]) => key.startsWith(LIMITS));
  const resolved = resolveLimits(Object.fromEntries(limits.map(([key, value]) => [key.slice(LIMITS.length), value])));
  return resolved.limits === undefined ? { problems: resolved.problems.map(withSuggestion) } : resolved;
}

function configFrom(
  values: ReadonlyMap<KeyName, string>,
  limits: Limits,
  limitOverrides: LimitOverrides,
): PipelineConfig {
  const text = (key: KeyName) => values.get(key);
  const numberOf = (key: KeyName) =>
    Number(values.get(key) ?? ('fallback' in CONFIG_KEYS[key] ? CONFIG_KEYS[key].fallback : Number.NaN));
  const name = text('domain.name');
  const certificateArn = text('domain.certificateArn');
  const eventSource = text('partnerEventSource');
  const topics = text('partnerTopics')?.split(',') ?? DEFAULT_TOPICS;
  const optional = {
    tableName: text('names.table'),
    deliveryQueueName: text('names.deliveryQueue'),
    quarantineName: text('names.quarantine'),
    alarmsEmail: text('alarms.email'),
    tableCapacity: values.has('table.readUnits')
      ? { readUnits: numberOf('table.readUnits'), writeUnits: numberOf('table.writeUnits') }
      : undefined,
    domain: name === undefined || certificateArn === undefined ? undefined : { name, certificateArn },
    partnerBus: eventSource === undefined ? undefined : { eventSource, topics: [...new Set(topics)] },
  };
  return {
    stackName: text('stackName') ?? CONFIG_KEYS.stackName.fallback,
    crmBaseUrl: text('crm.baseUrl') ?? '',
    ingestMemoryMb: numberOf('ingest.memoryMb'),
    processorMemoryMb: numberOf('processor.memoryMb'),
    ingestProvisionedConcurrency: numberOf('ingest.provisionedConcurrency'),
    processorBatchWindowSeconds: numberOf('processor.batchWindowSeconds'),
    tracing: text('tracing') !== 'false',
    redriveMemoryMb: numberOf('redrive.memoryMb'),
    logRetentionDays: numberOf('logs.retentionDays'),
    profiles: ALL_PROFILES.filter(
      ({ onlyWith }) => onlyWith === undefined || values.get(onlyWith.configKey) === 'true',
    ),
    limits,
    limitOverrides,
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<PipelineConfig>),
  };
}

/** The keys in a context that are ours, or were meant to be. CDK's own keys and any others are let be. */
function flatten(context: Readonly<Record<string, unknown>>): Map<string, unknown> {
  return new Map(leaves(context).filter(([key]) => isMeantToBeOurs(key)));
}

/** All keys dotted: nested objects (`"crm": {"baseUrl": …}`) and dotted keys mean the same. */
function leaves(context: Readonly<Record<string, unknown>>, prefix = ''): (readonly [string, unknown])[] {
  return Object.entries(context).flatMap(([name, value]) => {
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
    return nested
      ? leaves(value as Record<string, unknown>, `${prefix}${name}.`)
      : [[`${prefix}${name}`, value] as const];
  });
}

/** A mistyped key must not be passed over: who has written `alarm.email` would never be told of an alarm. */
function isMeantToBeOurs(key: string): boolean {
  return nearFirstWord(key) !== undefined || SPELLINGS.some(([spelling]) => isNearly(key, spelling));
}

function nearFirstWord(key: string): string | undefined {
  const [first = ''] = key.split('.');
  return FIRST_WORDS.has(first) ? first : [...FIRST_WORDS].find((word) => isNearly(first, word));
}

function isKey(key: string): key is KeyName {
  return Object.hasOwn(CONFIG_KEYS, key);
}

function check(key: KeyName, value: unknown, values: Map<KeyName, string>, problems: ConfigProblem[]): void {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text === 'string' && CONFIG_KEYS[key].accepts(text)) values.set(key, text);
  else problems.push({ key, got: JSON.stringify(value), wants: CONFIG_KEYS[key].wants });
}

function missing([key, needed]: readonly [KeyName, KeyName], given: ReadonlyMap<string, unknown>): ConfigProblem[] {
  if (!given.has(key) || given.has(needed)) return [];
  return [{ key: needed, got: undefined, wants: `${CONFIG_KEYS[needed].wants}; ${key} is given, and needs it` }];
}

/** The list of all limits is too long for a message: the nearest name helps more. */
function withSuggestion<Problem extends ConfigProblem>(problem: Problem): Problem {
  if (!problem.wants.startsWith('the name of a limit')) return problem;
  return { ...problem, wants: `the name of a limit (lambdas/domain/limits.ts lists them)${suggestion(problem.key)}` };
}

function unknownKey(key: string, value: unknown): ConfigProblem {
  return { key, got: JSON.stringify(value), wants: `one of the configuration’s keys${suggestion(key)}` };
}

function suggestion(key: string): string {
  const nearest = SPELLINGS.map(([spelling, name]) => ({
    name,
    distance: distanceBetween(key.toLowerCase(), spelling.toLowerCase()),
  }));
  nearest.sort((a, b) => a.distance - b.distance);
  const [best] = nearest;
  if (best !== undefined && best.distance <= key.length / 2) return `; did you mean ${best.name}?`;
  const word = nearFirstWord(key);
  return word === undefined || key.startsWith(`${word}.`) ? '' : `; did you mean ${word}.…?`;
}

function wholeNumber(min: number, max: number): (value: string) => boolean {
  return (value) => /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max;
}

function isBaseUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  const bare = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return bare && (url.protocol === 'https:' || url.protocol === 'http:');
}

/** Whether calls leave the machine unencrypted. */
function isOpenToReaders(baseUrl: string): boolean {
  const { protocol, hostname } = new URL(baseUrl);
  return protocol === 'http:' && hostname !== '127.0.0.1' && hostname !== 'localhost';
}

function describeProblems(problems: readonly ConfigProblem[]): string {
  const lines = problems.map(
    ({ key, got, wants }) => `  ${key}\n    got:   ${withoutCredentials(got ?? 'nothing')}\n    wants: ${wants}`,
  );
  const example = 'Give values with -c, for example: npx cdk synth -c crm.baseUrl=https://crm.example.com';
  return `The configuration is not complete and right:\n\n${lines.join('\n')}\n\n${example}\nAll keys are listed in README.md, under Configuration.`;
}

/** Somebody may have put a password into a URL, slashes in it and all: it must not end in a build's log. */
export function withoutCredentials(got: string): string {
  return got.replace(/\/\/.*@/g, '//…@');
}
