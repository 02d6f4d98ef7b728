/**
 * `plan`, `apply` and `show` of the official integration (`--transport event-bus`). Each answers
 * the exit code.
 */
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../../../local/local-clients.ts';
import { confirmed } from '../confirm.ts';
import { describeStack } from '../deployed-stack.ts';
import {
  applyEventBus,
  type EventBusPlan,
  type EventBusProperties,
  nextAfter,
  planEventBus,
  propertiesFrom,
  waitForPartnerSource,
} from '../event-bus.ts';
import { type GenesysAccess, genesysAccess } from '../genesys/access.ts';
import { GenesysIntegrations } from '../genesys/integrations.ts';
import { PartnerSources } from '../genesys/partner-source.ts';
import { nextCommand } from '../next-command.ts';
import type { StreamOptions } from '../options.ts';
import { formatChanges } from '../plan-text.ts';
import { readStreamFile } from '../stream-file.ts';
import type { CliContext } from '../surroundings.ts';

interface Planned {
  readonly access: GenesysAccess;
  readonly api: GenesysIntegrations;
  readonly name: string;
  readonly wanted: EventBusProperties;
  readonly plan: EventBusPlan;
}

/** Shows what `apply` would change. */
export async function planIntegration(options: StreamOptions, around: CliContext): Promise<number> {
  const { name, plan } = await planned(options, around);
  const { changes } = plan;
  around.out(options.json ? JSON.stringify({ name, changes }, undefined, 2) : formatEventBusPlan(name, plan));
  return 0;
}

/**
 * Shows the plan, asks, carries it out, waits for the partner event source, and says what to deploy
 * next.
 */
export async function applyIntegration(options: StreamOptions, around: CliContext): Promise<number> {
  const { access, api, name, wanted, plan } = await planned(options, around);
  around.out(formatEventBusPlan(name, plan));
  if (plan.changes.length > 0) {
    if (!(await confirmed(`Apply this at ${access.hosts.name}?`, options.yes, around))) return 1;
    await applyEventBus(api, name, wanted, plan);
    around.out(`Integration ${name} is configured and enabled.`);
  }
  return lookForSource(
    { access, wanted, timeoutMs: options.timeoutMs, look: nextCommand('show', options), stack: options.stack },
    around,
  );
}

/** Shows the integration as it is, and its partner event source. */
export async function showIntegration(options: StreamOptions, around: CliContext): Promise<number> {
  const { access, name, wanted, plan } = await planned(options, around);
  const { found } = plan;
  if (options.json) {
    around.out(JSON.stringify({ name, ...found?.integration, properties: found?.config.properties }, undefined, 2));
    return 0;
  }
  if (found === undefined) {
    around.out(`There is no integration ${name}. Add it with: ${nextCommand('apply', options)}`);
    return 1;
  }
  const { integration, config } = found;
  around.out(
    [
      `integration ${name}`,
      `  id     ${integration.id}`,
      `  state  ${integration.intendedState}, reported ${integration.reportedState ?? 'nothing'}`,
      ...Object.keys(wanted).map((key) => `  ${key}: ${JSON.stringify(config.properties[key])}`),
    ]
      .map(printable)
      .join('\n'),
  );
  return lookForSource(
    { access, wanted, timeoutMs: 0, look: nextCommand('show', options), stack: options.stack },
    around,
  );
}

async function planned(options: StreamOptions, around: CliContext): Promise<Planned> {
  const access = genesysAccess(options, around);
  const file = readStreamFile(options.file, around.now());
  const local = access.hosts.fake ? { account: LOCAL_ACCOUNT, region: LOCAL_REGION } : undefined;
  const stack = options.stack === undefined ? local : await describeStack(options.stack);
  const wanted = propertiesFrom(file.eventBus, stack);
  const name = file.eventBus?.name ?? '';
  const api = new GenesysIntegrations(access.http);
  return { access, api, name, wanted, plan: await planEventBus(api, name, wanted) };
}

interface Looking extends Pick<Planned, 'access' | 'wanted'> {
  readonly timeoutMs: number;
  /** The command that looks again. */
  readonly look: string;
  readonly stack: string | undefined;
}

async function lookForSource({ access, wanted, timeoutMs, look, stack }: Looking, around: CliContext): Promise<number> {
  const { hosts } = access;
  const { awsAccountRegion, awsAccountId, eventSourceSuffix, eventFilter } = wanted;
  const sources = new PartnerSources(awsAccountRegion, hosts.fake ? hosts.apiUrl : undefined);
  try {
    const source = await waitForPartnerSource(sources, eventSourceSuffix, {
      now: around.now,
      sleep: around.sleep,
      timeoutMs,
      onWait: () => around.note('waiting for the partner event source'),
    });
    if (source !== undefined) {
      around.out(nextAfter(source, eventFilter, look, stack));
      return 0;
    }
    around.out(
      `There is no partner event source …/${eventSourceSuffix} in ${awsAccountId}, ${awsAccountRegion} (yet). Are these the ` +
        `account and the region that the AWS credentials are for? Look again with: ${look}`,
    );
    return 1;
  } finally {
    sources.close();
  }
}

function formatEventBusPlan(given: string, { found, changes }: EventBusPlan): string {
  const name = printable(given);
  if (changes.length === 0) return `= integration ${name} is as the file says`;
  const mark = found === undefined ? '+' : '~';
  return [`${mark} integration ${name}`, ...formatChanges(changes)].join('\n');
}
