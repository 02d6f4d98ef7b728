/** Settings of the local pipeline: environment variables and `-c key=value`. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collect, npmCommand, parseArguments } from '../cli/command.ts';
import { UserError } from '../cli/user-error.ts';
import { parseCredentials } from '../lambdas/domain/crm/credentials.ts';
import { signingKeyFrom } from '../lambdas/domain/delivery/signature.ts';

/** The project's directory. */
export const PROJECT_DIR = fileURLToPath(new URL('..', import.meta.url));

/** Everything that can be set. */
export interface Settings {
  /** 0: any that is free. */
  readonly port: number;
  readonly dataDir: string;
  readonly streamSecret: string | undefined;
  /** Base URL of the CRM; undefined: one on this machine. */
  readonly crmBaseUrl: string | undefined;
  /** The value of the credentials secret: JSON, or a bare bearer token. */
  readonly crmCredentials: string | undefined;
  readonly dynamoDbEndpoint: string | undefined;
  /** CDK context given with `-c`. */
  readonly context: Readonly<Record<string, string>>;
}

/** The environment variables of `npm start`, for its help. */
export const START_ENVIRONMENT = `Environment variables:
  PORT                 where the webhook listens on 127.0.0.1 (3000; 0 takes any free port)
  DATA_DIR             where everything is kept (.local)
  EVENTBRIDGE_SECRET   the stream secret, 64 hex digits (made once and kept)
  CRM_BASE_URL         your CRM (otherwise a sample CRM is started, or with -c crm.connector a fake of that vendor)
  CRM_CREDENTIALS      the CRM's credentials, JSON as in the secret (docs/crm/; made once and kept)
  CRM_TOKEN            instead of them a bearer token
  DYNAMODB_ENDPOINT    a DynamoDB to use instead of the embedded one`;

type Environment = Readonly<Record<string, string | undefined>>;

/** Data directory of the local pipeline, as an absolute path. */
export function dataDirFrom(environment: Environment): string {
  return resolve(nonEmpty(environment.DATA_DIR) ?? '.local');
}

/** Reads the settings. Throws HelpRequested, or a UserError that names what is wrong. */
export function readSettings(args: readonly string[], environment: Environment): Settings {
  const values = parseStartArgs(args);
  const { 'crm.baseUrl': baseUrlInContext, ...context } = parseContext(values.context ?? []);
  const streamSecret = nonEmpty(environment.EVENTBRIDGE_SECRET);
  if (streamSecret !== undefined && signingKeyFrom(streamSecret) === undefined) {
    throw new UserError(
      `EVENTBRIDGE_SECRET must be 64 hex digits; it has ${streamSecret.length} characters. Make one with: openssl rand -hex 32`,
    );
  }
  return {
    port: parsePort(nonEmpty(environment.PORT)),
    dataDir: dataDirFrom(environment),
    streamSecret,
    crmBaseUrl:
      parseUrl('CRM_BASE_URL', nonEmpty(environment.CRM_BASE_URL)) ?? parseUrl('-c crm.baseUrl', baseUrlInContext),
    crmCredentials: parseCrmCredentials(environment),
    dynamoDbEndpoint: parseUrl('DYNAMODB_ENDPOINT', nonEmpty(environment.DYNAMODB_ENDPOINT)),
    context,
  };
}

function parseStartArgs(args: readonly string[]) {
  const command = npmCommand('start')
    .description('Runs the whole pipeline on this machine, as the stack’s template says.')
    .option('-c, --context <key=value>', 'CDK context, as with cdk deploy: -c limits.crmTimeoutMs=2000', collect)
    .addHelpText('after', `\n${START_ENVIRONMENT}`);
  return parseArguments(command, args).opts();
}

/** Parses `-c key=value`. Throws if there is no key. */
export function parseContext(given: readonly string[]): Record<string, string> {
  const pairs = given.map((pair) => {
    const at = pair.indexOf('=');
    if (at <= 0) throw new UserError(`-c ${pair}: must be key=value`);
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

function parsePort(text: string | undefined): number {
  if (text === undefined) return 3_000;
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new UserError(`PORT is ${text}; it must be a number from 0 to 65535`);
  return port;
}

/**
 * `name`: what it was given by. The URL is shown on the terminal later on: it may hold no password.
 */
function parseUrl(name: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    const shown = text === '' ? 'empty' : text.replace(/^([^/@]*\/\/)?.*@/s, '$1…@');
    throw new UserError(`${name} is ${shown}; it must be a URL such as http://127.0.0.1:8080, without credentials`);
  }
  return text;
}

function parseCrmCredentials({ CRM_CREDENTIALS, CRM_TOKEN }: Environment): string | undefined {
  const token = nonEmpty(CRM_TOKEN);
  const given = nonEmpty(CRM_CREDENTIALS);
  if (token !== undefined && given !== undefined)
    throw new UserError('CRM_CREDENTIALS and CRM_TOKEN are both set. Set one of them.');
  const parsed = given === undefined ? undefined : parseCredentials(given);
  if (parsed?.kind === 'invalid') throw new UserError(`CRM_CREDENTIALS: the CRM credentials ${parsed.problem}`);
  return given ?? token;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
