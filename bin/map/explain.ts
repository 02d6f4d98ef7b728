/** Explains in words the result of a mapping and a connector for one event. */
import type { CrmAction } from '../../lambdas/domain/crm/action.ts';
import { type Connector, type CrmRequest, type CrmRequests, settingsFor } from '../../lambdas/domain/crm/connector.ts';
import { type CrmOutcome, type CrmResponse, classify } from '../../lambdas/domain/crm/crm-outcome.ts';
import { withDefaultCountry } from '../../lambdas/domain/crm/default-country.ts';
import { IGNORE_CAUSES, type MappingModule } from '../../lambdas/domain/crm/mapping.ts';
import type { RuleSubject } from '../../lambdas/domain/crm/response-rules.ts';
import { runRequests } from '../../lambdas/domain/crm/run-requests.ts';
import { validateDelivery } from '../../lambdas/domain/crm/validate-mapping.ts';
import { BY_HAND } from '../../lambdas/domain/delivery/envelope.ts';
import type { PipelineEvent } from '../../lambdas/domain/event/event.ts';
import { parseSourceEvent } from '../../lambdas/domain/event/parse-event.ts';
import type { CrmConfig } from '../../lib/crm-config.ts';

/** The success of any request, for every connector. */
const ASSUMED: RuleSubject = {
  status: 200,
  headers: {},
  body: { results: [{ id: '1' }], user: { id: 1 }, tickets: [], statecode: 1 },
};

const THEN: Readonly<Record<CrmOutcome['kind'], string>> = {
  success: 'settled',
  transient: 'retried; after the last attempt quarantined as retries_exhausted',
  conflict: 'retried; after the last attempt quarantined as retries_exhausted',
  throttled: 'no environment calls the CRM until the pause ends; the attempt does not count',
  credentials: 'the token is renewed and the call repeated once; then retried',
  permission: 'retried; after the last attempt quarantined as crm_rejected',
  dependency: 'retried; after the last attempt quarantined as retries_exhausted',
  over_rate: 'comes back when crm.rate leaves room; the attempt does not count',
  redirect: 'retried; after the last attempt quarantined as retries_exhausted',
  protocol_error: 'retried; after the last attempt quarantined as retries_exhausted',
  permanent: 'quarantined as crm_rejected',
  ambiguous: 'quarantined as crm_ambiguous',
};

/** Options of the explanation. */
export interface ExplainOptions {
  readonly crm: CrmConfig;
  readonly connector: Connector;
  readonly mapping: MappingModule;
  /** A response whose meaning is to be explained for each request. */
  readonly response?: RuleSubject;
}

/** Lines for people. Secrets are left out. */
export async function explain(body: Uint8Array, options: ExplainOptions): Promise<readonly string[]> {
  const parsed = parseSourceEvent(body, BY_HAND);
  if (parsed.kind === 'invalid') return [line('decision', `invalid_event: ${parsed.reason}`)];
  const { event } = parsed;
  const head = [line('event', `${event.id}, ${event.type}, ${event.timestamp}`)];
  const { defaultCountry } = options.crm;
  const { crmMapping } = options.mapping;
  const mapping = defaultCountry === undefined ? crmMapping : withDefaultCountry(crmMapping, defaultCountry);
  const mapped = mapping(event);
  switch (mapped.kind) {
    case 'ignore':
      return [...head, line('decision', `ignore: settled IGNORED, ${IGNORE_CAUSES[mapped.cause ?? 'other']}`)];
    case 'invalid':
      return [...head, line('decision', `invalid_event: ${mapped.reason}`)];
    case 'deliver': {
      const problem = validateDelivery(mapped, options.connector);
      if (problem !== undefined) return [...head, line('decision', `mapping_failed: the mapping gave ${problem}`)];
      return [
        ...head,
        line('decision', `deliver: ${mapped.action.kind}`),
        line('ordering key', mapped.orderingKey ?? 'none: in any order'),
        ...(mapped.rows ?? []).map(({ key }) => line('row', key)),
        ...(await requestsOf(mapped.action, event, options)),
      ];
    }
    default:
      return mapped satisfies never;
  }
}

async function requestsOf(action: CrmAction, event: PipelineEvent, options: ExplainOptions): Promise<string[]> {
  const { crm, connector, response } = options;
  const context = { settings: settingsFor(connector, crm.settings), idempotencyKey: event.id };
  const lines: string[] = [];
  let number = 0;
  await runRequests(connector.requests(action, context), [], async (request) => {
    number += 1;
    lines.push('', `request ${number}${number === 1 ? '' : ', if those before it succeed'}`, ...describe(request, crm));
    if (response !== undefined) lines.push(`  ${await meaningOf(request, response, options)}`);
    return { response: { kind: 'answered', status: ASSUMED.status, excerpt: '' }, subject: ASSUMED };
  });
  return lines;
}

function describe({ method, path, headers = {}, body }: CrmRequest, { baseUrl }: CrmConfig): string[] {
  return [
    `  ${method} ${baseUrl.replace(/\/$/, '')}${path}`,
    '  authorization: (from the credentials)',
    ...(body === undefined ? [] : ['  content-type: application/json']),
    ...Object.entries(headers).map(([name, value]) => `  ${name}: ${value}`),
    ...(body === undefined
      ? []
      : [
          '',
          ...JSON.stringify(body, null, 2)
            .split('\n')
            .map((text) => `  ${text}`),
          '',
        ]),
  ];
}

async function meaningOf(request: CrmRequest, subject: RuleSubject, options: ExplainOptions): Promise<string> {
  const rules = [...(options.mapping.responseRules ?? []), ...options.connector.rules];
  const answered: CrmResponse = { kind: 'answered', status: subject.status, excerpt: '' };
  let goesOn: string | undefined;
  const alone = (function* (): CrmRequests {
    goesOn = (yield request).rule;
    return undefined;
  })();
  const outcome = classify(await runRequests(alone, rules, async () => ({ response: answered, subject })));
  if (goesOn !== undefined) return `HTTP ${subject.status} means: ${goesOn}, which the connector expects and handles`;
  return `HTTP ${subject.status} means: ${outcome.kind}, ${THEN[outcome.kind]}`;
}

function line(name: string, value: string): string {
  return `${name.padEnd(14)}${value}`;
}
