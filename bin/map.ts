/** `npm run map`: what becomes of an event, offline: the decision and the requests. */
import '../cli/output-errors.ts';
import { readFileSync } from 'node:fs';
import { collect, npmCommand, parseArguments, runCommand, WrongOption } from '../cli/command.ts';
import { print } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { CONNECTORS, type ConnectorName } from '../lambdas/connectors/connectors.ts';
import type { Connector } from '../lambdas/domain/crm/connector.ts';
import { ConfigError, readPipelineConfig } from '../lib/pipeline-config.ts';
import { cdkContext } from './cdk-context.ts';
import { explain } from './map/explain.ts';
import { readHttpFile } from './map/http-file.ts';
import { loadMapping } from './map/load-mapping.ts';

interface MapOptions {
  readonly event: string;
  readonly response?: string | undefined;
  readonly context?: readonly string[] | undefined;
}

async function main(values: MapOptions): Promise<number> {
  const context = cdkContext(values.context ?? []);
  const { crm } = readPipelineConfig({ ...exampleBaseUrl(context), ...context });
  const response = values.response === undefined ? {} : { response: readHttpFile(read(values.response).toString()) };
  const mapping = await loadMapping(crm);
  const options = { crm, connector: CONNECTORS[crm.connector], mapping, ...response };
  for (const line of await explain(read(values.event), options)) print(line);
  return 0;
}

/** For a CRM whose base URL is required and missing: nothing is called. */
function exampleBaseUrl(context: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const connector: Connector | undefined = CONNECTORS[String(context['crm.connector'] ?? 'rest') as ConnectorName];
  return connector?.baseUrl === undefined ? { 'crm.baseUrl': 'https://crm.example.com' } : {};
}

function readMapOptions(argv: readonly string[]): MapOptions {
  const command = npmCommand('map')
    .description(
      'Prints what becomes of an event: the decision, the ordering key, and the requests to the CRM. Calls nothing.',
    )
    .option('--event <file>', 'an event: the body of a delivery, or an EventBridge event of the partner bus')
    .option('--response <file>', 'an HTTP response (status line, headers, body): prints its meaning for each request')
    .option(
      '-c, --context <key=value>',
      'configuration as with cdk: overrides what cdk.json has under context',
      collect,
    );
  const { event, ...others } = parseArguments(command, argv).opts();
  if (event === undefined) throw new UserError('--event FILE is missing (npm run map -- --help)');
  return { event, ...others };
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${path} cannot be read: ${messageOf(error)}`);
  }
}

/** Whatever is wrong is so with the options and the files that they name. */
async function mapEvent(values: MapOptions): Promise<number> {
  try {
    return await main(values);
  } catch (error) {
    throw error instanceof UserError || error instanceof ConfigError ? new WrongOption(error.message) : error;
  }
}

await runCommand(readMapOptions, mapEvent);
