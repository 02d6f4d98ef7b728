/** `npm run crm`: tells the sample CRM how to behave, and asks what it has seen. */

import './output-errors.ts';
import { readCrmFaults, readCrmState, setCrmFaults } from './crm-client.ts';
import { CRM_HELP, type CrmRequest, readCrmRequest } from './crm-commands.ts';
import { describeRule } from './crm-rule-words.ts';
import { findPipeline } from './pipeline-file.ts';
import { messageOf, Refusal } from './refusal.ts';
import { dataDirFrom } from './settings.ts';

async function carryOut(request: Exclude<CrmRequest, { kind: 'help' }>, crmUrl: string): Promise<string> {
  if (request.kind === 'behave') {
    const before = request.add ? await readCrmFaults(crmUrl) : [];
    await setCrmFaults(crmUrl, [...request.rules, ...before]);
  }
  const [rules, state] = await Promise.all([readCrmFaults(crmUrl), readCrmState(crmUrl)]);
  if (request.json) return JSON.stringify({ rules, ...state }, undefined, 2);
  const { calls, applied, repeated, refused, failed, contacts } = state;
  return [
    `  behaves   ${rules.length === 0 ? 'as usual' : rules.map(describeRule).join('\n            ')}`,
    `  has seen  ${calls} calls: ${applied} applied, ${repeated} repeated, ${refused} refused, ${failed} failed; ${contacts} contacts`,
  ].join('\n');
}

async function main(): Promise<number> {
  let request: CrmRequest;
  try {
    request = readCrmRequest(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  }
  if (request.kind === 'help') {
    process.stdout.write(CRM_HELP);
    return 0;
  }
  const { crm } = findPipeline(dataDirFrom(process.env));
  if (!crm.sample) throw new Refusal(`The pipeline delivers to ${crm.url}, which is no sample CRM: it cannot be told.`);
  try {
    process.stdout.write(`${await carryOut(request, crm.url)}\n`);
    return 0;
  } catch (error) {
    throw new Refusal(`The sample CRM at ${crm.url} does not take it: ${messageOf(error)}`);
  }
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof Refusal)) throw error;
  process.stderr.write(`${error.message}\n`);
  return 1;
});
