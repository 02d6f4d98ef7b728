/**
 * `test`: which rules an event meets, and why. Answers the exit code: 0 if every event would be
 * sent.
 */

import { UserError } from '../../../cli/user-error.ts';
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import { formatLiteral } from '../condition/condition.ts';
import { type ConditionOutcome, matchCondition } from '../condition/match.ts';
import { readJsonFile } from '../json-file.ts';
import type { StreamOptions } from '../options.ts';
import { readStreamFile, type StreamFile } from '../stream-file.ts';
import type { CliContext } from '../surroundings.ts';

interface RuleOutcome extends ConditionOutcome {
  readonly name: string;
  readonly enabled: boolean;
}

/** Reads file and event; makes no network call. */
export function testEvents(options: StreamOptions, around: CliContext): number {
  const file = readStreamFile(options.file, around.now());
  for (const warning of file.warnings) around.note(`warning: ${warning}`);
  const events = readEvents(options.event ?? '');
  const results = events.map((event) =>
    options.transport === 'event-bus' ? testTopic(file, event) : testRules(file, event),
  );
  if (options.json)
    around.out(
      JSON.stringify(
        results.map(({ sent, details }) => ({ sent, ...details })),
        undefined,
        2,
      ),
    );
  else
    around.out(
      results.map(({ text }, index) => `${events.length > 1 ? `event ${index + 1}: ` : ''}${text}`).join('\n\n'),
    );
  return results.every(({ sent }) => sent) ? 0 : 1;
}

interface TestResult {
  readonly sent: boolean;
  readonly details: object;
  readonly text: string;
}

function testRules(file: StreamFile, event: unknown): TestResult {
  const rules = file.rules.map(
    ({ rule, condition }): RuleOutcome => ({
      name: rule.name,
      enabled: rule.enabled,
      ...matchCondition(condition, event),
    }),
  );
  const sent = file.enabled && rules.some(({ enabled, matches }) => enabled && matches);
  const why = file.enabled ? '' : ': the stream is not enabled';
  const details = {
    rules: rules.map(({ name, enabled, matches, comparisons }) => ({
      name,
      enabled,
      matches,
      comparisons: comparisons.map(({ comparison, ...outcome }) => ({
        comparison: `${comparison.field} ${comparison.operator} ${formatLiteral(comparison.literal)}`,
        ...outcome,
      })),
    })),
  };
  return { sent, details, text: [`${sent ? 'is sent' : 'is not sent'}${why}`, ...rules.map(formatRule)].join('\n') };
}

function formatRule({ name, enabled, matches, comparisons }: RuleOutcome): string {
  const lines = comparisons.map(({ comparison, matches: holds, why }) => {
    const { field, operator, literal } = comparison;
    return printable(`    ${holds ? 'yes' : 'no '}  ${field} ${operator} ${formatLiteral(literal)}: ${why}`);
  });
  return [
    `  rule ${printable(name)} ${matches ? 'matches' : 'does not match'}${enabled ? '' : ' (off)'}`,
    ...lines,
  ].join('\n');
}

/** The official integration sends by topic alone. */
function testTopic(file: StreamFile, event: unknown): TestResult {
  const topic = (event as { readonly 'detail-type'?: unknown })['detail-type'];
  const filter = file.eventBus?.eventFilter ?? [];
  const sent = filter.some((allowed) => allowed === topic);
  const text =
    topic === undefined
      ? 'is not sent: it has no detail-type, which every event on the partner event bus has'
      : `${sent ? 'is sent' : 'is not sent'}: eventBus.eventFilter ${sent ? 'has' : 'does not have'} ${printable(String(topic))}`;
  return { sent, details: { topic }, text };
}

function readEvents(path: string): readonly object[] {
  const parsed = readJsonFile(path, `--event ${path}`);
  const events: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (events.length === 0 || !events.every((item) => typeof item === 'object' && item !== null)) {
    throw new UserError(`--event ${path}: must be an event, or a list of events`);
  }
  return events as readonly object[];
}
