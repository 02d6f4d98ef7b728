/** The stream as a file: its schema, and the checks that a schema cannot make. */
import * as z from 'zod';
import { UserError } from '../../cli/user-error.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import { type ConditionWarning, checkCondition } from './condition/checks.ts';
import type { Condition } from './condition/condition.ts';
import { underline } from './condition/excerpt.ts';
import { parseCondition } from './condition/parser.ts';
import { readJsonFile } from './json-file.ts';

/** A text that is shown on terminals and in Genesys Cloud's lists, in one line. */
function line() {
  return z.string().regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'a control character (a line break, a tab) cannot stand in it');
}

const rule = z.strictObject({
  name: line().min(1).max(100).describe('Says what the rule is for; every rule has another name.'),
  condition: z
    .string()
    .describe(
      'Which events are sent: field operator literal, joined by and, or and parentheses; operators eq, contains, gt. ' +
        'For example: eventType contains "interaction." and interaction.type eq "voice"',
    ),
  enabled: z.boolean().default(true).describe('Whether the rule counts.'),
});

const eventBus = z.strictObject({
  name: line().min(1).default('Amazon EventBridge Source').describe('The integration’s name in Genesys Cloud.'),
  eventSourceSuffix: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, '1 to 64 letters, digits, dots, hyphens or underscores')
    .describe('The last part of the partner event source’s name.'),
  awsAccountId: z
    .string()
    .regex(/^\d{12}$/, '12 digits')
    .optional()
    .describe('The AWS account; without it, that of --stack.'),
  awsAccountRegion: z
    .string()
    .regex(/^[a-z]{2,4}(-[a-z]+)+-\d$/, 'an AWS region such as us-east-1')
    .optional()
    .describe('The AWS region; without it, that of --stack.'),
  eventFilter: z
    .array(z.string().regex(/^v2\.[\w.{}-]+$/, 'a topic such as v2.detail.events.conversation.{id}.customer.end'))
    .min(1)
    .describe('The topics that Genesys Cloud sends, with {id} as it stands in its list of topics.'),
});

const file = z.strictObject({
  $schema: z.string().optional(),
  name: line().min(1).max(100).describe('The stream is found by its name in Genesys Cloud.'),
  description: line().max(1_000).default(''),
  enabled: z.boolean().default(true).describe('Whether the stream sends anything.'),
  destination: z
    .strictObject({ type: z.literal('webhook'), url: z.string().optional() })
    .default({ type: 'webhook' })
    .describe('The URL may be left out; if given, it must be the pipeline’s. The secret is never in the file.'),
  routingRules: z.array(rule).min(1),
  eventBus: eventBus.optional().describe('The official Amazon EventBridge integration (--transport event-bus).'),
});

/** A routing rule as it is sent. */
export type RoutingRule = z.output<typeof rule>;

/** Configuration of the official integration. */
export type EventBusSettings = z.output<typeof eventBus>;

/** The file, checked. */
export interface StreamFile {
  readonly path: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  /** Undefined: the pipeline's. */
  readonly destinationUrl: string | undefined;
  readonly rules: readonly { readonly rule: RoutingRule; readonly condition: Condition }[];
  readonly eventBus: EventBusSettings | undefined;
  /** Warnings for its author. */
  readonly warnings: readonly string[];
}

/** The schema of the file, as it is published. */
export function streamFileSchema(): object {
  return { title: 'Genesys Cloud stream of this pipeline', ...z.toJSONSchema(file, { io: 'input' }) };
}

/**
 * Reads and checks the file. Refuses it with everything that is wrong with it; conditions with the
 * place underlined.
 */
export function readStreamFile(path: string, nowMs: number): StreamFile {
  const json = readJsonFile(path, path, ' (--file names another)');
  const parsed = file.safeParse(json);
  if (!parsed.success)
    throw new UserError(
      [`${path}:`, ...parsed.error.issues.map((issue) => `  ${printable(said(issue, json))}`)].join('\n'),
    );
  const { name, description, enabled, destination, routingRules, eventBus: bus } = parsed.data;
  const problems: string[] = [];
  const warnings: string[] = [];
  const rules = routingRules.flatMap((given, index) => {
    const where = `rule ${index + 1} (${printable(given.name)})`;
    const twin = routingRules.findIndex((other) => other.name === given.name);
    if (twin < index) problems.push(`${where}: rule ${twin + 1} has this name too`);
    const read = parseCondition(given.condition);
    if (read.kind === 'problem') {
      problems.push(
        `${where}: ${printable(read.problem.message)}\n${underline(given.condition, read.problem, '    ')}`,
      );
      return [];
    }
    const found = checkCondition(read.condition, nowMs).map((warning) => worded(warning, given.condition, where));
    warnings.push(...found);
    return [{ rule: given, condition: read.condition }];
  });
  if (problems.length > 0) throw new UserError([`${path}:`, ...problems.map((problem) => `  ${problem}`)].join('\n'));
  if (enabled && !rules.some((item) => item.rule.enabled)) warnings.push('no rule is enabled: nothing would be sent');
  return { path, name, description, enabled, destinationUrl: destination.url, rules, eventBus: bus, warnings };
}

function worded({ message, span }: ConditionWarning, condition: string, where: string): string {
  return `${where}: ${printable(message)}${span === undefined ? '' : `\n${underline(condition, span, '    ')}`}`;
}

/** One issue in a line: where it is, and what is wanted there. */
function said(issue: z.core.$ZodIssue, json: unknown): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => (path === '' ? key : `${path}.${key}`)).join(', ');
    if (path === 'destination' && issue.keys.includes('secret')) {
      return 'destination.secret: a secret does not belong into a file; remove it, the command reads it from Secrets Manager';
    }
    return `${keys}: not a key of the file`;
  }
  const missing = issue.code === 'invalid_type' && valueAt(json, issue.path) === undefined;
  return `${path === '' ? 'the file' : path}: ${missing ? 'is missing' : issue.message}`;
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  let value = json;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return value;
}
