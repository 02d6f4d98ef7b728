/** `npm run crm`: switches the faults of the CRM on this machine, and prints what it has seen. */

import '../cli/output-errors.ts';
import { toPrintableJson } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { printable } from '../lambdas/domain/telemetry/redact.ts';
import { ConfigError } from '../lib/pipeline-config.ts';
import { readCrmFaults, readCrmState, setCrmFaults } from '../local/crm/crm-client.ts';
import { CRM_HELP, type CrmCommandRequest, readCrmRequest } from '../local/crm/crm-commands.ts';
import { formatCrmRule } from '../local/crm/format-crm-rule.ts';
import { findPipeline } from '../local/pipeline-file.ts';
import { dataDirFrom } from '../local/settings.ts';
import { runCheck } from './crm/check.ts';

async function carryOut(
  request: Exclude<CrmCommandRequest, { kind: 'help' }>,
  crmUrl: string,
  accessKey: string,
): Promise<string> {
  if (request.kind === 'behave') {
    await setCrmFaults(crmUrl, accessKey, request.rules, { add: request.add });
  }
  const [{ rules, known }, state] = await Promise.all([readCrmFaults(crmUrl), readCrmState(crmUrl)]);
  if (request.json) return toPrintableJson({ rules, ...state });
  const { title = 'Sample CRM', calls, applied, repeated, refused, failed, contacts, loggedCalls } = state;
  const behaves = rules.length === 0 ? ['as usual'] : rules.map((rule) => printable(formatCrmRule(rule)));
  const inIt = loggedCalls === undefined ? `${contacts} contacts` : `${contacts} contacts, ${loggedCalls} logged calls`;
  return [
    `  CRM       ${title}`,
    `  behaves   ${behaves.join('\n            ')}`,
    `  has seen  ${calls} calls: ${applied} applied, ${repeated} repeated, ${refused} refused, ${failed} failed; ${inIt}`,
    ...(known.length === 0 ? [] : [`  faults    ${known.join(', ')}`]),
  ].join('\n');
}

async function check(args: readonly string[]): Promise<number> {
  try {
    const { code, text } = await runCheck(args, process.env);
    process.stdout.write(text);
    return code;
  } catch (error) {
    if (!(error instanceof UserError) && !(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
}

async function main(): Promise<number> {
  const [command, ...rest] = process.argv.slice(2);
  if (command === 'check') return check(rest);
  let request: CrmCommandRequest;
  try {
    request = readCrmRequest(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (request.kind === 'help') {
    process.stdout.write(CRM_HELP);
    return 0;
  }
  const { crm, endpoints } = findPipeline(dataDirFrom(process.env));
  if (!crm.sample)
    throw new UserError(
      `The pipeline delivers to ${crm.url}, a CRM of your own: only a CRM that npm start has started has switches.`,
    );
  try {
    process.stdout.write(`${await carryOut(request, crm.url, endpoints.accessKey)}\n`);
    return 0;
  } catch (error) {
    throw new UserError(`The CRM at ${crm.url} does not take it: ${printable(messageOf(error))}`);
  }
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return 1;
});
