/** `npm run genesys`: a fake Genesys Cloud on this machine. */
import '../cli/output-errors.ts';
import { randomBytes } from 'node:crypto';
import { runCommand } from '../cli/command.ts';
import { print } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { printable } from '../lambdas/domain/telemetry/redact.ts';
import { readControlKey, removeControlKey, writeControlKey } from '../local/genesys/control-key.ts';
import { FakeGenesys } from '../local/genesys/fake-genesys.ts';
import type { SendSummary } from '../local/genesys/fake-genesys-deliveries.ts';
import { GenesysFaults } from '../local/genesys/fake-genesys-faults.ts';
import { fakeGenesysListener } from '../local/genesys/fake-genesys-http.ts';
import { ACCESS_KEY_HEADER, newAccessKey } from '../local/http/access-key.ts';
import { LOOPBACK, listenOnLoopback } from '../local/http/loopback.ts';
import { dataDirFrom } from '../local/settings.ts';
import { type GenesysRequest, readGenesysRequest } from './genesys/commands.ts';

const TOKEN_SECONDS = 3_600;
/** Long enough to be seen to be waited for. */
const PARTNER_SOURCE_AFTER_MS = 2_000;

function run(request: GenesysRequest): Promise<number> {
  return request.kind === 'serve' ? serve(request) : tell(request);
}

async function serve({ port, returnSecrets }: Extract<GenesysRequest, { kind: 'serve' }>): Promise<number> {
  const clientId = process.env.GENESYS_CLIENT_ID || 'fake-client';
  const given = process.env.GENESYS_CLIENT_SECRET || undefined;
  const clientSecret = given ?? randomBytes(12).toString('hex');
  const options = {
    clientId,
    clientSecret,
    returnSecrets,
    tokenSeconds: TOKEN_SECONDS,
    partnerSourceAfterMs: PARTNER_SOURCE_AFTER_MS,
  };
  const genesys = new FakeGenesys(options, Date.now);
  const accessKey = newAccessKey();
  const server = await listen(fakeGenesysListener({ genesys, faults: new GenesysFaults(), accessKey }), port);
  const dataDir = dataDirFrom(process.env);
  writeControlKey(dataDir, server.port, accessKey);
  if (given === undefined) {
    print(`\n  export GENESYS_CLIENT_ID=${clientId} GENESYS_CLIENT_SECRET=${clientSecret}`);
  }
  print(`  npm run stream -- apply --api ${server.url}\n\nready ${server.url}`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await server.close();
  removeControlKey(dataDir, server.port);
  return 0;
}

async function listen(listener: ReturnType<typeof fakeGenesysListener>, port: number) {
  try {
    return await listenOnLoopback(listener, port);
  } catch (error) {
    throw new UserError(
      `The fake Genesys Cloud cannot listen on port ${port}: ${messageOf(error)}. Choose another with --port.`,
    );
  }
}

async function tell({ port, path, body }: Extract<GenesysRequest, { kind: 'tell' }>): Promise<number> {
  const accessKey = readControlKey(dataDirFrom(process.env), port) ?? '';
  const response = await fetch(`http://${LOOPBACK}:${port}/_genesys/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', [ACCESS_KEY_HEADER]: accessKey },
    body: JSON.stringify(body),
  }).catch((error: unknown) => {
    throw new UserError(`No fake Genesys Cloud answers on port ${port}: ${messageOf((error as Error).cause ?? error)}`);
  });
  const answer = (await response.json()) as { readonly message?: string } & Partial<SendSummary>;
  if (!response.ok)
    throw new UserError(
      `The fake Genesys Cloud does not take it: ${printable(String(answer.message ?? response.status))}`,
    );
  return path === 'send' ? report(answer as SendSummary) : 0;
}

function report({ streams, sent, accepted, refused, secrets }: SendSummary): number {
  const byStatus = Object.entries(refused).map(([status, count]) => `, ${count} refused (${status})`);
  print(`  enabled streams  ${streams}`);
  print(`  secrets used     ${secrets}`);
  print(`  events           ${sent} sent, ${accepted} accepted (202)${byStatus.join('') || ', 0 refused'}`);
  return accepted === sent && sent > 0 ? 0 : 1;
}

await runCommand(readGenesysRequest, run);
