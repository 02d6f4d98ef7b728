/** `npm run crm`: switches the faults of the CRM on this machine, and prints what it has seen. */

import '../cli/output-errors.ts';
import { runCommand } from '../cli/command.ts';
import { toPrintableJson } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { printable } from '../lambdas/domain/telemetry/redact.ts';
import { readCrmFaults, readCrmState, setCrmFaults } from '../local/crm/crm-client.ts';
import { type CrmCommandRequest, readCrmRequest } from '../local/crm/crm-commands.ts';
import { formatCrmRule } from '../local/crm/format-crm-rule.ts';
import { findPipeline } from '../local/pipeline-file.ts';
import { dataDirFrom } from '../local/settings.ts';
import { checkCrm, readCheckContext } from './crm/check.ts';

async function carryOut(request: CrmCommandRequest, crmUrl: string, accessKey: string): Promise<string> {
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

async function run(request: CrmCommandRequest): Promise<number> {
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

if (process.argv[2] === 'check') {
  await runCommand(readCheckContext, (context) => checkCrm(context, process.env));
} else {
  await runCommand(readCrmRequest, run);
}
