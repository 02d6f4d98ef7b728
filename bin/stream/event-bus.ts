/**
 * The official Amazon EventBridge Source integration: what it is to be, and how it becomes so. Safe
 * to run again.
 */

import { UserError } from '../../cli/user-error.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import type { EventBridgeIntegration, GenesysIntegrations, IntegrationConfig } from './genesys/integrations.ts';
import type { PartnerSource } from './genesys/partner-source.ts';
import type { EventBusSettings } from './stream-file.ts';
import type { PlannedChange } from './stream-plan.ts';

/** Configuration of the integration, by Genesys Cloud's names. */
export interface EventBusProperties {
  readonly eventSourceSuffix: string;
  readonly awsAccountId: string;
  readonly awsAccountRegion: string;
  readonly eventFilter: readonly string[];
}

/** A plan for the integration. */
export interface EventBusPlan {
  readonly found: { readonly integration: EventBridgeIntegration; readonly config: IntegrationConfig } | undefined;
  readonly changes: readonly PlannedChange[];
}

/** The properties; account and region that the file does not name are those of the stack. */
export function propertiesFrom(
  settings: EventBusSettings | undefined,
  stack: { readonly account: string; readonly region: string } | undefined,
): EventBusProperties {
  if (settings === undefined) throw new UserError('The file has no eventBus: --transport event-bus needs it.');
  const awsAccountId = settings.awsAccountId ?? stack?.account;
  const awsAccountRegion = settings.awsAccountRegion ?? stack?.region;
  if (awsAccountId === undefined || awsAccountRegion === undefined) {
    throw new UserError(
      'eventBus.awsAccountId and eventBus.awsAccountRegion must be in the file, or come from --stack NAME.',
    );
  }
  const { eventSourceSuffix, eventFilter } = settings;
  return { eventSourceSuffix, awsAccountId, awsAccountRegion, eventFilter };
}

/**
 * The one integration of this name; undefined if it does not exist. Throws a user error if there
 * are several.
 */
export async function planEventBus(
  api: GenesysIntegrations,
  name: string,
  wanted: EventBusProperties,
): Promise<EventBusPlan> {
  const [integration, ...others] = (await api.list()).filter((candidate) => candidate.name === name);
  if (others.length > 0)
    throw new UserError(`There are ${others.length + 1} integrations named ${name}: give eventBus.name in the file.`);
  if (integration === undefined) {
    const properties = Object.entries(wanted).map(
      ([key, value]) => ({ what: key, action: 'add', to: shown(value) }) as const,
    );
    return { found: undefined, changes: [...properties, { what: 'state', action: 'add', to: 'ENABLED' }] };
  }
  const config = await api.config(integration.id);
  const properties = Object.entries(wanted).flatMap(([key, value]): PlannedChange[] => {
    const from = shown(config.properties[key]);
    return from === shown(value) ? [] : [{ what: key, action: 'change', from, to: shown(value) }];
  });
  const state: PlannedChange[] =
    integration.intendedState === 'ENABLED'
      ? []
      : [{ what: 'state', action: 'change', from: integration.intendedState, to: 'ENABLED' }];
  return { found: { integration, config }, changes: [...properties, ...state] };
}

/** A list in the order that does not matter; nothing as nothing. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return '(none)';
  return Array.isArray(value) ? value.map(String).toSorted().join(', ') : String(value);
}

/** Carries a plan out: adds, configures, and only then enables. */
export async function applyEventBus(
  api: GenesysIntegrations,
  name: string,
  wanted: EventBusProperties,
  plan: EventBusPlan,
): Promise<void> {
  const integration = plan.found?.integration ?? (await api.add(name));
  const config = plan.found?.config ?? (await api.config(integration.id));
  if (plan.changes.some(({ what }) => what !== 'state')) {
    await api.configure(integration.id, { ...config, name, properties: { ...config.properties, ...wanted } });
  }
  if (integration.intendedState !== 'ENABLED') await api.enable(integration.id);
}

/** Waits until the partner source is there; undefined where it has not come within the time. */
export async function waitForPartnerSource(
  sources: { find(suffix: string): Promise<PartnerSource | undefined> },
  suffix: string,
  waiting: {
    readonly now: () => number;
    readonly sleep: (ms: number) => Promise<void>;
    readonly timeoutMs: number;
    readonly onWait: () => void;
  },
): Promise<PartnerSource | undefined> {
  const endsAtMs = waiting.now() + waiting.timeoutMs;
  for (let looks = 1; ; looks += 1) {
    const found = await sources.find(suffix);
    if (found !== undefined || waiting.now() >= endsAtMs) return found;
    if (looks === 1) waiting.onWait();
    await waiting.sleep(LOOK_EVERY_MS);
  }
}

const LOOK_EVERY_MS = 3_000;

/**
 * Next step for a source in this state. `look` is the command that reads it again; `stack` the
 * stack to deploy.
 */
export function nextAfter(
  source: PartnerSource,
  topics: readonly string[],
  look: string,
  stack: string | undefined,
): string {
  const name = printable(source.name);
  const line = `partner event source  ${name}  ${printable(source.state)}`;
  switch (source.state) {
    case 'ACTIVE':
      return `${line}\n  Its event bus takes events.`;
    case 'PENDING': {
      const until =
        source.expiresAtMs === undefined
          ? ''
          : ` AWS gives the source up at ${new Date(source.expiresAtMs).toISOString()}.`;
      return [
        line,
        `  WARNING: no event bus takes its events yet: what Genesys Cloud sends now is lost.${until}`,
        '  Deploy the bus next, and look again:',
        `    npx cdk deploy${stack === undefined ? '' : ` -c stackName=${stack}`} -c crm.baseUrl=<your CRM> -c partnerEventSource=${name} \\\n      -c 'partnerTopics=${topics.join(',')}'`,
        `    ${look}`,
      ].join('\n');
    }
    case 'DELETED':
      return `${line}\n  WARNING: Genesys Cloud has deleted the source: its event bus gets nothing more. Delete the bus, then apply again.`;
    default:
      return source.state satisfies never;
  }
}
