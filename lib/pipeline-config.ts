/**
 * The one typed configuration, read from the CDK context: `-c key=value`, or `context` in cdk.json.
 */
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ALL_PROFILES, type SenderKey, type SignatureProfile } from '../lambdas/domain/delivery/signature-profiles.ts';
import { resolveLimits } from '../lambdas/domain/limit-relations.ts';
import { LIMIT_TABLE, type LimitOverrides, type Limits } from '../lambdas/domain/limits.ts';
import { CRM_KEYS, type CrmConfig, readCrmConfig } from './crm-config.ts';
import { distanceBetween, isSimilar } from './near-names.ts';

/** Everything that can be configured, checked. */
export interface PipelineConfig {
  readonly stackName: string;
  readonly crm: CrmConfig;
  readonly ingestMemoryMb: number;
  readonly processorMemoryMb: number;
  /** Ingest environments that are kept ready; 0: none. */
  readonly ingestProvisionedConcurrency: number;
  /** Most environments that ingest may have at once; undefined: what the account has. */
  readonly ingestReservedConcurrency?: number;
  /** For how long a batch is gathered before the processor is called; 0: what is there. */
  readonly processorBatchWindowSeconds: number;
  /** VPC of the processor; none if absent. */
  readonly processorNetwork?: { readonly subnetIds: string[]; readonly securityGroupIds: string[] };
  /** The user's key for everything that is stored. */
  readonly kmsKeyArn?: string;
  /** For how many days deliveries are archived; undefined: no archive. */
  readonly archiveDays?: number;
  readonly tracing: boolean;
  readonly redriveMemoryMb: number;
  readonly logRetentionDays: RetentionDays;
  readonly tableName?: string;
  readonly deliveryQueueName?: string;
  readonly quarantineName?: string;
  /** Provisioned capacity of the table; on demand where absent. */
  readonly tableCapacity?: Capacity;
  /** Provisioned capacity of the table's index, present together with `tableCapacity`. */
  readonly indexCapacity?: Capacity;
  /** Principals outside the stack that may send to its queues. */
  readonly queueSenders: readonly string[];
  /** Recipient of alarms; absent: none. */
  readonly alarmsEmail?: string;
  /** After so many minutes without an accepted delivery an alarm fires; undefined: never. */
  readonly silenceMinutes?: number;
  /** The webhook's domain; `only`: the default endpoint is disabled. */
  readonly domain?: { readonly name: string; readonly certificateArn: string; readonly only: boolean };
  /** The senders that may deliver by webhook. */
  readonly profiles: readonly SignatureProfile[];
  /**
   * The partner event source that events come from besides, and the `detail-type`s that are let
   * through.
   */
  readonly partnerBus?: { readonly eventSource: string; readonly topics: readonly string[] };
  readonly limits: Limits;
  readonly limitOverrides: LimitOverrides;
}

/** Provisioned capacity units of DynamoDB. */
export interface Capacity {
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** A wrong, missing or unknown key. */
export interface ConfigProblem {
  readonly key: string;
  /** Given value, as JSON; undefined if it is missing. */
  readonly got: string | undefined;
  readonly expected: string;
}

/**
 * The context is not a configuration. The message names every key, what it got and what it wants.
 */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(describeProblems(problems));
    this.problems = problems;
  }
}

/** One configuration key, as docs/configuration.md lists it. */
export interface ConfigKey {
  readonly expects: string;
  /** Undefined where the key is required, or where leaving it out has a meaning of its own. */
  readonly default?: string | number;
  readonly description: string;
  readonly parse: (value: string) => boolean;
}

const MEMORY = { expects: 'a whole number of megabytes from 128 to 10240', parse: wholeNumber(128, 10_240) };
const CAPACITY = { expects: 'a whole number from 1 to 40000', parse: wholeNumber(1, 40_000) };
const QUEUE_NAME = {
  expects: '1 to 80 letters, digits, hyphens or underscores',
  parse: (value: string) => /^[\w-]{1,80}$/.test(value),
};
const FLAG = {
  expects: 'true or false',
  default: 'false',
  parse: (value: string) => value === 'true' || value === 'false',
};
const CUSTOMER_TOPIC = 'v2.detail.events.conversation.{id}.customer';
const RETENTION_DAYS = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number' && days < 9_999,
);

/** The topics that are let through where none are named: what the shipped mapping handles. */
export const DEFAULT_TOPICS: readonly string[] = [`${CUSTOMER_TOPIC}.start`, `${CUSTOMER_TOPIC}.end`];

/** Every key but `limits.<name>`. */
export const CONFIG_KEYS = {
  ...CRM_KEYS,
  stackName: {
    expects: 'letters, digits and hyphens, beginning with a letter, at most 128',
    default: 'GenesysCrmPipeline',
    description: 'name of the CloudFormation stack',
    parse: (value) => /^[A-Za-z][A-Za-z0-9-]{0,127}$/.test(value),
  },
  'ingest.memoryMb': { ...MEMORY, default: 512, description: 'memory, and with it CPU, of the ingest function' },
  'processor.memoryMb': { ...MEMORY, default: 512, description: 'memory, and with it CPU, of the processor function' },
  'redrive.memoryMb': { ...MEMORY, default: 512, description: 'memory, and with it CPU, of the redrive function' },
  'ingest.provisionedConcurrency': {
    expects: 'a whole number from 0 to 1000',
    default: 0,
    description: 'ingest environments kept ready, so that no delivery meets a cold start; 0: none',
    parse: wholeNumber(0, 1_000),
  },
  'ingest.reservedConcurrency': {
    expects: 'a whole number from 1 to 10000, not below ingest.provisionedConcurrency',
    description: 'most ingest environments at once, so that a flood leaves concurrency to the account; else no limit',
    parse: wholeNumber(1, 10_000),
  },
  'processor.batchWindowSeconds': {
    expects: 'a whole number of seconds from 0 to 300',
    default: 1,
    description: 'how long a batch is gathered: fewer invocations for a later delivery; 0: what is there',
    parse: wholeNumber(0, 300),
  },
  'processor.subnetIds': {
    expects: 'subnet ids, separated by commas',
    description: 'private subnets of the processor, for a private CRM or a fixed egress address; else no VPC',
    parse: (value) => value.split(',').every((id) => /^subnet-[0-9a-f]{8,17}$/.test(id)),
  },
  'processor.securityGroupIds': {
    expects: 'security group ids, separated by commas',
    description: 'security groups of the processor; with processor.subnetIds',
    parse: (value) => value.split(',').every((id) => /^sg-[0-9a-f]{8,17}$/.test(id)),
  },
  'kms.keyArn': {
    expects: 'the ARN of a KMS key in the stack’s region',
    description: 'your key for queues, table, secrets, logs and topic; else keys of AWS. Key policy: docs/deploy.md',
    parse: (value) => /^arn:aws[\w-]*:kms:[\w-]+:\d{12}:key\/[\w-]+$/.test(value),
  },
  'archive.days': {
    expects: 'a whole number of days from 1 to 400',
    description: 'how long every delivery is kept, for npm run replay; else there is no archive',
    parse: wholeNumber(1, 400),
  },
  tracing: {
    ...FLAG,
    description: 'whether X-Ray traces the functions, which below a few events a second costs as much as all else',
  },
  'logs.retentionDays': {
    expects: `one of ${RETENTION_DAYS.join(', ')}`,
    default: 30,
    description: 'how long logs are kept',
    parse: (value) => RETENTION_DAYS.map(String).includes(value),
  },
  'names.table': {
    expects: '3 to 255 letters, digits, hyphens, underscores or dots',
    description: 'name of the state table; else CloudFormation makes one. A change replaces the table: docs/deploy.md',
    parse: (value) => /^[\w.-]{3,255}$/.test(value),
  },
  'names.deliveryQueue': {
    ...QUEUE_NAME,
    description:
      'name of the delivery queue; else CloudFormation makes one. A change replaces the queue: docs/deploy.md',
  },
  'names.quarantine': {
    ...QUEUE_NAME,
    description:
      'name of the quarantine queue; else CloudFormation makes one. A change replaces the queue: docs/deploy.md',
  },
  'table.readUnits': { ...CAPACITY, description: 'provisioned read capacity of the state table; else on demand' },
  'table.writeUnits': { ...CAPACITY, description: 'provisioned write capacity of the state table; else on demand' },
  'table.indexReadUnits': {
    ...CAPACITY,
    description: 'provisioned read capacity of the quarantine index; else as table.readUnits',
  },
  'table.indexWriteUnits': {
    ...CAPACITY,
    description: 'provisioned write capacity of the quarantine index; else as table.writeUnits',
  },
  'queues.senders': {
    expects: 'ARNs of IAM roles or users, separated by commas',
    description: 'who may send to the queues by hand or redrive in the console, besides the stack’s own roles',
    parse: (value) =>
      value.split(',').every((arn) => /^arn:aws[\w-]*:iam::\d{12}:(role|user)\/[\w+=,.@/*-]+$/.test(arn)),
  },
  'alarms.email': {
    expects: 'an e-mail address',
    description: 'who is told of alarms, by e-mail; else subscribe to the topic yourself',
    parse: (value) => /^[^\s@,;<>"]{1,64}@[^\s@,;<>"]{1,190}\.[^\s@,;<>".]{2,63}$/.test(value),
  },
  'alarms.silenceMinutes': {
    expects: 'a multiple of 5 from 5 to 1440',
    description: 'alarm when no delivery was accepted for so many minutes; else silence is no alarm',
    parse: (value) => wholeNumber(5, 1_440)(value) && Number(value) % 5 === 0,
  },
  'domain.name': {
    expects: 'a domain name such as hooks.example.com',
    description: 'custom domain of the webhook; with domain.certificateArn',
    parse: (value) => /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(value),
  },
  'domain.certificateArn': {
    expects: 'the ARN of an ACM certificate in the stack’s region',
    description: 'certificate of the custom domain; with domain.name',
    parse: (value) => /^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/.test(value),
  },
  'domain.only': {
    ...FLAG,
    description: 'whether the API’s default endpoint is disabled; set it only when deliveries arrive by the domain',
  },
  ...profileKeys(),
  partnerEventSource: {
    expects: 'a partner event source of Genesys Cloud: aws.partner/genesys.com/cloud/<organisation>/<suffix>',
    description: 'partner event source to take events from, besides the webhook',
    parse: (value) => /^aws\.partner\/genesys\.com\/cloud\/[0-9a-f-]{36}\/[\w.-]{1,64}$/.test(value),
  },
  partnerTopics: {
    expects: `topics as Genesys lists them, braces included, separated by commas, for example ${CUSTOMER_TOPIC}.end`,
    description: 'which of its topics are let through; else customer.start and customer.end',
    // An event pattern holds 2,048 characters, the source among them.
    parse: (value) => value.length <= 1_500 && value.split(',').every((topic) => /^v2\.[\w.{}-]{1,125}$/.test(topic)),
  },
} as const satisfies Record<string, ConfigKey>;

type KeyName = keyof typeof CONFIG_KEYS;

type Value = string | number | boolean;
type GroupOf<Key extends string> = Key extends `${infer Group}.${string}` ? Group : never;
type MemberOf<Key extends string, Group extends string> = Key extends `${Group}.${infer Member}` ? Member : never;
type PropName = Exclude<KeyName, 'stackName'>;

/**
 * The configuration as properties of a construct: `crm.baseUrl` is `crm: { baseUrl }`. Values as
 * `-c` takes them.
 */
export type PipelineProps = {
  readonly [Group in GroupOf<PropName>]?: { readonly [Member in MemberOf<PropName, Group>]?: Value | undefined };
} & {
  readonly [Name in Exclude<PropName, `${string}.${string}`>]?: Value | undefined;
} & {
  readonly limits?: LimitOverrides;
};

/** Keys that mean nothing without another one. */
const NEEDS: readonly (readonly [KeyName, KeyName])[] = [
  ['domain.name', 'domain.certificateArn'],
  ['domain.certificateArn', 'domain.name'],
  ['processor.subnetIds', 'processor.securityGroupIds'],
  ['processor.securityGroupIds', 'processor.subnetIds'],
  ['domain.only', 'domain.name'],
  ['table.indexReadUnits', 'table.readUnits'],
  ['table.indexWriteUnits', 'table.writeUnits'],
  ['table.readUnits', 'table.writeUnits'],
  ['table.writeUnits', 'table.readUnits'],
  ['partnerTopics', 'partnerEventSource'],
];

/** The keys that switch a sender on. */
function profileKeys(): Readonly<Record<SenderKey, ConfigKey & { readonly default: string }>> {
  const keys = ALL_PROFILES.flatMap(({ enabledBy: onlyWith }) => (onlyWith === undefined ? [] : [onlyWith]));
  const entries = keys.map(({ configKey, about }) => [configKey, { ...FLAG, description: about }]);
  return Object.fromEntries(entries) as ReturnType<typeof profileKeys>;
}

/** Prefix of the key of each limit. */
const LIMITS = 'limits.';

/** First words of our keys: what begins with one of them is meant to be ours. */
const FIRST_WORDS = new Set([...Object.keys(CONFIG_KEYS).map((key) => key.split('.')[0] ?? ''), 'limits']);

/** Near misses of a key, and the key. A limit is known without its first word, too. */
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
  const { crm, problems: crmProblems } = readCrmConfig(given, values);
  problems.push(...crmProblems);
  for (const need of NEEDS) problems.push(...missing(need, given));
  if (Number(values.get('ingest.reservedConcurrency')) < Number(values.get('ingest.provisionedConcurrency') ?? 0))
    problems.push({
      key: 'ingest.reservedConcurrency',
      got: values.get('ingest.reservedConcurrency'),
      expected: CONFIG_KEYS['ingest.reservedConcurrency'].expects,
    });
  const resolved = limitsIn(given);
  problems.push(...resolved.problems);
  if (problems.length > 0 || resolved.limits === undefined) throw new ConfigError(problems);
  return configFrom(values, crm, resolved.limits, resolved.overrides);
}

/** The stack's name, or its default where the given one is invalid. */
export function stackNameIn(context: Readonly<Record<string, unknown>>): string {
  const { parse, default: otherwise } = CONFIG_KEYS.stackName;
  const name = context.stackName;
  return typeof name === 'string' && parse(name) ? name : otherwise;
}

/**
 * Reads the limits alone: what else is configured, or missing, does not matter. Throws as
 * `readPipelineConfig` does.
 */
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
  crm: CrmConfig,
  limits: Limits,
  limitOverrides: LimitOverrides,
): PipelineConfig {
  const text = (key: KeyName) => values.get(key);
  const numberOf = (key: KeyName) =>
    Number(values.get(key) ?? ('default' in CONFIG_KEYS[key] ? CONFIG_KEYS[key].default : Number.NaN));
  const name = text('domain.name');
  const certificateArn = text('domain.certificateArn');
  const eventSource = text('partnerEventSource');
  const topics = text('partnerTopics')?.split(',') ?? DEFAULT_TOPICS;
  const optional = {
    tableName: text('names.table'),
    deliveryQueueName: text('names.deliveryQueue'),
    quarantineName: text('names.quarantine'),
    alarmsEmail: text('alarms.email'),
    processorNetwork: values.has('processor.subnetIds')
      ? {
          subnetIds: text('processor.subnetIds')?.split(',') ?? [],
          securityGroupIds: text('processor.securityGroupIds')?.split(',') ?? [],
        }
      : undefined,
    kmsKeyArn: text('kms.keyArn'),
    archiveDays: values.has('archive.days') ? numberOf('archive.days') : undefined,
    silenceMinutes: values.has('alarms.silenceMinutes') ? numberOf('alarms.silenceMinutes') : undefined,
    ingestReservedConcurrency: values.has('ingest.reservedConcurrency')
      ? numberOf('ingest.reservedConcurrency')
      : undefined,
    ...capacities(values),
    domain:
      name === undefined || certificateArn === undefined
        ? undefined
        : { name, certificateArn, only: text('domain.only') === 'true' },
    partnerBus: eventSource === undefined ? undefined : { eventSource, topics: [...new Set(topics)] },
  };
  return {
    stackName: text('stackName') ?? CONFIG_KEYS.stackName.default,
    crm,
    ingestMemoryMb: numberOf('ingest.memoryMb'),
    processorMemoryMb: numberOf('processor.memoryMb'),
    ingestProvisionedConcurrency: numberOf('ingest.provisionedConcurrency'),
    processorBatchWindowSeconds: numberOf('processor.batchWindowSeconds'),
    tracing: text('tracing') === 'true',
    redriveMemoryMb: numberOf('redrive.memoryMb'),
    logRetentionDays: numberOf('logs.retentionDays'),
    profiles: ALL_PROFILES.filter(
      ({ enabledBy: onlyWith }) => onlyWith === undefined || values.get(onlyWith.configKey) === 'true',
    ),
    queueSenders: text('queues.senders')?.split(',') ?? [],
    limits,
    limitOverrides,
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined),
    ) as Partial<PipelineConfig>),
  };
}

function capacities(values: ReadonlyMap<KeyName, string>): Pick<PipelineConfig, 'tableCapacity' | 'indexCapacity'> {
  if (!values.has('table.readUnits')) return {};
  const readUnits = Number(values.get('table.readUnits'));
  const writeUnits = Number(values.get('table.writeUnits'));
  return {
    tableCapacity: { readUnits, writeUnits },
    indexCapacity: {
      readUnits: Number(values.get('table.indexReadUnits') ?? readUnits),
      writeUnits: Number(values.get('table.indexWriteUnits') ?? writeUnits),
    },
  };
}

/**
 * The keys in a context that are ours, or were meant to be. CDK's own keys and any others are
 * ignored.
 */
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

/**
 * True if the key resembles one of ours. A mistyped key must not be ignored: with `alarm.email` no
 * alarm would notify the user.
 */
function isMeantToBeOurs(key: string): boolean {
  return nearFirstWord(key) !== undefined || SPELLINGS.some(([spelling]) => isSimilar(key, spelling));
}

function nearFirstWord(key: string): string | undefined {
  const [first = ''] = key.split('.');
  return FIRST_WORDS.has(first) ? first : [...FIRST_WORDS].find((word) => isSimilar(first, word));
}

function isKey(key: string): key is KeyName {
  return Object.hasOwn(CONFIG_KEYS, key);
}

function check(key: KeyName, value: unknown, values: Map<KeyName, string>, problems: ConfigProblem[]): void {
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  if (typeof text === 'string' && CONFIG_KEYS[key].parse(text)) values.set(key, text);
  else problems.push({ key, got: JSON.stringify(value), expected: CONFIG_KEYS[key].expects });
}

function missing([key, needed]: readonly [KeyName, KeyName], given: ReadonlyMap<string, unknown>): ConfigProblem[] {
  if (!given.has(key) || given.has(needed)) return [];
  return [{ key: needed, got: undefined, expected: `${CONFIG_KEYS[needed].expects}; ${key} is given, and needs it` }];
}

/** The list of all limits is too long for a message: the nearest name helps more. */
function withSuggestion<Problem extends ConfigProblem>(problem: Problem): Problem {
  if (!problem.expected.startsWith('the name of a limit')) return problem;
  return {
    ...problem,
    expected: `the name of a limit (lambdas/domain/limits.ts lists them)${suggestion(problem.key)}`,
  };
}

function unknownKey(key: string, value: unknown): ConfigProblem {
  return { key, got: JSON.stringify(value), expected: `one of the configuration’s keys${suggestion(key)}` };
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

function describeProblems(problems: readonly ConfigProblem[]): string {
  const lines = problems.map(
    ({ key, got, expected }) =>
      `  ${key}\n    got:      ${withoutCredentials(got ?? 'nothing')}\n    expected: ${expected}`,
  );
  const example = 'Give values with -c, for example: npx cdk synth -c crm.baseUrl=https://crm.example.com';
  return `The configuration has errors:\n\n${lines.join('\n')}\n\n${example}\ndocs/configuration.md lists all keys.`;
}

/**
 * Removes credentials from URLs: a password, which may contain slashes, must not appear in the log
 * of a build.
 */
export function withoutCredentials(got: string): string {
  return got.replace(/\/\/.*@/g, '//…@');
}
