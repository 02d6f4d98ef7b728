/** Plans the changes in Genesys Cloud that make a stream as the file describes it. Pure. */

import { UserError } from '../../cli/user-error.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import { formatCondition } from './condition/condition.ts';
import { parseCondition } from './condition/parser.ts';
import type { RemoteStream, StreamBody } from './genesys/streams.ts';

/** One difference, in words without secrets. */
export interface PlannedChange {
  /** `description`, `destination.url`, `rule voice`, `secret`. */
  readonly what: string;
  readonly action: 'add' | 'change' | 'remove';
  readonly from?: string;
  readonly to?: string;
}

/** State of the stream's secret in Genesys Cloud, which often does not return it. */
export type SecretState = 'in place' | 'another one' | 'not told';

/** A plan for one stream. */
export type StreamPlan =
  | { readonly kind: 'add'; readonly changes: readonly PlannedChange[] }
  | {
      readonly kind: 'change' | 'none';
      readonly id: string;
      readonly changes: readonly PlannedChange[];
      readonly secret: SecretState;
    };

/** Input of the plan. */
export interface PlanInputs {
  readonly wanted: StreamBody;
  /** The stream of this name; undefined if it does not exist. */
  readonly found: RemoteStream | undefined;
  /**
   * The values that the pipeline accepts. The stream may have any: between them a rotation decides.
   */
  readonly accepted: readonly string[];
  readonly resendSecret: boolean;
}

/** Compares. Conditions that mean the same are the same, however they are spaced. */
export function planStream({ wanted, found, accepted, resendSecret }: PlanInputs): StreamPlan {
  if (found === undefined) return { kind: 'add', changes: additions(wanted) };
  const secret = secretState(found.secret, accepted);
  const changes = [
    ...changed('description', found.description, wanted.description),
    ...changed('enabled', String(found.enabled), String(wanted.enabled)),
    ...changed('destination.type', found.destination.type, wanted.destination.type),
    ...changed('destination.url', found.destination.url, wanted.destination.url),
    ...ruleChanges(found.routingRules, wanted.routingRules),
    ...(secret === 'another one' || resendSecret
      ? [{ what: 'secret', action: 'change', to: 'the current one of the pipeline' } as const]
      : []),
  ];
  return { kind: changes.length === 0 ? 'none' : 'change', id: found.id, changes, secret };
}

/**
 * The one stream of this name; undefined if it does not exist. Throws a user error if there are
 * several.
 */
export function findByName(streams: readonly RemoteStream[], name: string): RemoteStream | undefined {
  const [first, ...others] = streams.filter((stream) => stream.name === name);
  if (first === undefined || others.length === 0) return first;
  const ids = [first, ...others].map(({ id }) => `  ${printable(id)}`).join('\n');
  throw new UserError(
    `There are ${others.length + 1} streams named ${printable(name)}; delete what is too much in Genesys Cloud:\n${ids}`,
  );
}

type Rule = StreamBody['routingRules'][number];

function additions(wanted: StreamBody): PlannedChange[] {
  return [
    { what: 'description', action: 'add', to: wanted.description },
    { what: 'enabled', action: 'add', to: String(wanted.enabled) },
    { what: 'destination.url', action: 'add', to: wanted.destination.url },
    { what: 'secret', action: 'add', to: 'the current one of the pipeline' },
    ...wanted.routingRules.map((rule) => ({ what: `rule ${rule.name}`, action: 'add', to: ruleText(rule) }) as const),
  ];
}

function changed(what: string, from: string, to: string): PlannedChange[] {
  return from === to ? [] : [{ what, action: 'change', from, to }];
}

function ruleChanges(found: readonly Rule[], wanted: readonly Rule[]): PlannedChange[] {
  const before = new Map(found.map((rule) => [rule.name, rule]));
  const after = new Set(wanted.map(({ name }) => name));
  const removed = found.filter(({ name }) => !after.has(name));
  return [
    ...wanted.flatMap((rule): PlannedChange[] => {
      const what = `rule ${rule.name}`;
      const old = before.get(rule.name);
      if (old === undefined) return [{ what, action: 'add', to: ruleText(rule) }];
      const same = old.enabled === rule.enabled && canonical(old.condition) === canonical(rule.condition);
      return same ? [] : [{ what, action: 'change', from: ruleText(old), to: ruleText(rule) }];
    }),
    ...removed.map((rule) => ({ what: `rule ${rule.name}`, action: 'remove', from: ruleText(rule) }) as const),
  ];
}

function ruleText({ condition, enabled }: Rule): string {
  return enabled ? condition : `${condition} (off)`;
}

/** A condition as it would be written; one that cannot be read, as it is. */
function canonical(condition: string): string {
  const read = parseCondition(condition);
  return read.kind === 'condition' ? formatCondition(read.condition) : condition;
}

function secretState(told: string | undefined, accepted: readonly string[]): SecretState {
  if (told === undefined) return 'not told';
  return accepted.some((value) => value.toLowerCase() === told.toLowerCase()) ? 'in place' : 'another one';
}
