/**
 * `npm run crm -- check`: whether a real or fake CRM has what its connector needs. Writes nothing
 * to it.
 */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { collect, npmCommand, parseArguments, WrongOption } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';
import { HttpCrm } from '../../lambdas/adapters/crm.http.ts';
import { SecretsManagerCrmToken } from '../../lambdas/adapters/crm-token.secrets-manager.ts';
import { NodeHttpTransport } from '../../lambdas/adapters/crm-transport.node-http.ts';
import { HttpTokenEndpoint } from '../../lambdas/adapters/token-endpoint.http.ts';
import { CONNECTORS } from '../../lambdas/connectors/connectors.ts';
import {
  type Connector,
  type CrmReply,
  type CrmRequest,
  type CrmRequests,
  settingsFor,
} from '../../lambdas/domain/crm/connector.ts';
import { formatRate } from '../../lambdas/domain/crm/request-rate.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { CrmToken } from '../../lambdas/ports.ts';
import type { CrmConfig } from '../../lib/crm-config.ts';
import { ConfigError, readPipelineConfig } from '../../lib/pipeline-config.ts';
import { cdkContext } from '../cdk-context.ts';
import { type Finding, VENDOR_CHECKS } from './vendor-checks.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const CALL = { idempotencyKey: 'check', budgetMs: 20_000, freshToken: false };
const clock = { now: () => Date.now() };

/** Reads the configuration of `npm run crm -- check`. Throws HelpRequested, or a UserError. */
export function readCheckContext([, ...argv]: readonly string[]): readonly string[] {
  const command = npmCommand('crm')
    .description(
      'Asks the CRM whether it has what the connector needs: a token, the unique fields, the permissions. Writes ' +
        'nothing to it.',
    )
    .usage('check [-c crm.connector=salesforce -c crm.baseUrl=https://acme.my.salesforce.com ...]')
    .option(
      '-c, --context <key=value>',
      'configuration as with cdk: overrides what cdk.json has under context',
      collect,
    )
    .addHelpText(
      'after',
      `
CRM_CREDENTIALS holds the credentials as in the secret (docs/crm/). Exit code: 0 if all is right, 1 if something is
missing, 2 for wrong options.`,
    );
  return parseArguments(command, argv).opts().context ?? [];
}

/** Checks, prints the findings, and returns the exit code. */
export async function checkCrm(context: readonly string[], environment: Environment): Promise<number> {
  try {
    const { code, text } = await runCheck(context, environment);
    process.stdout.write(text);
    return code;
  } catch (error) {
    throw error instanceof UserError || error instanceof ConfigError ? new WrongOption(error.message) : error;
  }
}

/** Returns the lines and the exit code. */
export async function runCheck(
  context: readonly string[],
  environment: Environment,
): Promise<{ readonly code: number; readonly text: string }> {
  const baseUrl = environment.CRM_BASE_URL ? { 'crm.baseUrl': environment.CRM_BASE_URL } : {};
  const { crm } = readPipelineConfig({ ...cdkContext(context), ...baseUrl });
  const credentials = environment.CRM_CREDENTIALS || environment.CRM_TOKEN;
  if (!credentials) throw new UserError('CRM_CREDENTIALS is missing: the credentials as in the secret (docs/crm/).');
  const findings = await check(crm, credentials);
  const lines = findings.map(({ what, fix }) =>
    fix === undefined ? `  ok       ${what}` : `  missing  ${what}\n           ${fix}`,
  );
  if (crm.rate !== undefined) lines.push(`  rate     ${formatRate(crm.rate)}: most requests (crm.rate)`);
  const isRight = findings.every(({ fix }) => fix === undefined);
  const title = CONNECTORS[crm.connector].title;
  const result = isRight ? `${title} has what the connector needs.` : `${title} lacks something.`;
  return { code: isRight ? 0 : 1, text: `${lines.join('\n')}\n\n${result}\n` };
}

async function check(crm: CrmConfig, credentials: string): Promise<readonly Finding[]> {
  const connector: Connector = CONNECTORS[crm.connector];
  const token = tokenFrom(credentials, crm, connector);
  const access = await token.read({ fresh: false, budgetMs: CALL.budgetMs });
  if (access.kind === 'unavailable') return [{ what: 'a token can be had', fix: access.cause }];
  const findings: Finding[] = [{ what: 'a token can be had' }];
  if (crm.connector === 'rest') return findings;
  const steps = VENDOR_CHECKS[crm.connector](settingsFor(connector, crm.settings), access.token);
  let step = steps.next();
  while (step.done !== true) {
    const asked = await ask(step.value, crm, connector, token);
    if (typeof asked === 'string') return [...findings, { what: `${crm.baseUrl} answers`, fix: asked }];
    step = steps.next(asked);
  }
  return [...findings, ...step.value];
}

/** The CRM's reply, whatever its status; a text gives the reason if it is missing. */
async function ask(
  request: CrmRequest,
  { baseUrl }: CrmConfig,
  connector: Connector,
  token: CrmToken,
): Promise<CrmReply | string> {
  let reply: CrmReply | undefined;
  const asking: Connector = {
    ...connector,
    // Every response is a reply here.
    rules: [{ outcome: 'success' }],
    *requests(): CrmRequests {
      reply = yield request;
      return undefined;
    },
  };
  const target = { baseUrl, connector: asking, settings: settingsFor(connector, {}), responseRules: [] };
  const action = { kind: 'request', method: 'POST', path: '/', body: {} } as const;
  const response = await new HttpCrm(target, token, clock, new NodeHttpTransport()).deliver(action, CALL);
  if (response.kind !== 'answered') return response.cause;
  if (response.status === 401) return `The CRM refuses the token: HTTP 401: ${response.excerpt}`;
  return reply ?? `HTTP ${response.status}`;
}

/** The credentials as the processor reads them from its secret. */
function tokenFrom(credentials: string, { baseUrl }: CrmConfig, connector: Connector): CrmToken {
  const secrets = { send: async () => ({ SecretString: credentials }) } as unknown as SecretsManagerClient;
  const source = { secretArn: 'CRM_CREDENTIALS', placeholder: '', baseUrl, token: connector.token };
  const log = { write: () => undefined };
  return new SecretsManagerCrmToken(secrets, source, new HttpTokenEndpoint(), clock, log, DEFAULT_LIMITS);
}
