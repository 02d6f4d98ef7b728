/** `npm run map`: what becomes of an event, offline: the decision and the requests. */
import '../cli/output-errors.ts';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { print } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { CONNECTORS, type ConnectorName } from '../lambdas/connectors/connectors.ts';
import type { Connector } from '../lambdas/domain/crm/connector.ts';
import { ConfigError, readPipelineConfig } from '../lib/pipeline-config.ts';
import { cdkContext } from './cdk-context.ts';
import { explain } from './map/explain.ts';
import { readHttpFile } from './map/http-file.ts';
import { loadMapping } from './map/load-mapping.ts';

const HELP = `Prints what becomes of an event: the decision, the ordering key, and the requests to the CRM. Calls nothing.

  npm run map -- --event FILE [-c crm.connector=hubspot ...] [--response FILE]

  --event FILE             an event: the body of a delivery, or an EventBridge event of the partner bus
  --response FILE          an HTTP response (status line, headers, body): prints what it would mean for each request
  -c, --context KEY=VALUE  configuration as with cdk: put over what cdk.json says under context
  -h, --help               this text
`;

async function main(argv: readonly string[]): Promise<void> {
  const { values } = parse(argv);
  if (values.help === true) return void process.stdout.write(HELP);
  if (values.event === undefined) throw new UserError('--event FILE is missing (npm run map -- --help)');
  const context = cdkContext(values.context ?? []);
  const { crm } = readPipelineConfig({ ...exampleBaseUrl(context), ...context });
  const response = values.response === undefined ? {} : { response: readHttpFile(read(values.response).toString()) };
  const mapping = await loadMapping(crm);
  const options = { crm, connector: CONNECTORS[crm.connector], mapping, ...response };
  for (const line of await explain(read(values.event), options)) print(line);
}

/** For a CRM whose base URL is required and missing: nothing is called. */
function exampleBaseUrl(context: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const connector: Connector | undefined = CONNECTORS[String(context['crm.connector'] ?? 'rest') as ConnectorName];
  return connector?.baseUrl === undefined ? { 'crm.baseUrl': 'https://crm.example.com' } : {};
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        event: text,
        response: text,
        context: { type: 'string', short: 'c', multiple: true },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run map -- --help)`);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UserError) && !(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
