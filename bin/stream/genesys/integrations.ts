/**
 * Integrations in Genesys Cloud's API, as far as the official Amazon EventBridge Source needs them.
 */
import * as z from 'zod';
import type { GenesysHttp } from './http.ts';
import { readAllPages, understand } from './pages.ts';

const PATH = '/api/v2/integrations';

/** The type of the official integration. */
export const EVENTBRIDGE_TYPE = 'amazon-eventbridge-source';

const integration = z.looseObject({
  id: z.string(),
  name: z.optional(z.string()).transform((name) => name ?? ''),
  integrationType: z.optional(z.looseObject({ id: z.optional(z.string()) })),
  intendedState: z.optional(z.string()).transform((state) => state ?? 'DISABLED'),
  reportedState: z.optional(z.nullable(z.looseObject({ code: z.optional(z.string()) }))),
});

const config = z.looseObject({
  name: z.optional(z.string()),
  version: z.number(),
  properties: z.optional(z.nullable(z.record(z.string(), z.unknown()))).transform((properties) => properties ?? {}),
  advanced: z.optional(z.nullable(z.record(z.string(), z.unknown()))).transform((advanced) => advanced ?? {}),
  notes: z.optional(z.nullable(z.string())).transform((notes) => notes ?? ''),
  credentials: z.optional(z.nullable(z.record(z.string(), z.unknown()))).transform((credentials) => credentials ?? {}),
});

/** An integration of the official type. */
export interface EventBridgeIntegration {
  readonly id: string;
  readonly name: string;
  readonly intendedState: string;
  /** State that Genesys Cloud reports, for example `ACTIVE`; undefined if it reports none. */
  readonly reportedState: string | undefined;
}

/** Its configuration. `version` is that which a change must name. */
export type IntegrationConfig = z.output<typeof config>;

/**
 * The calls, each with the permission that it needs; their OAuth scope is `integrations`, to look
 * `integrations:readonly`.
 */
export class GenesysIntegrations {
  readonly #http: GenesysHttp;

  constructor(http: GenesysHttp) {
    this.#http = http;
  }

  /** Those of the official type. */
  async list(): Promise<EventBridgeIntegration[]> {
    const call = { path: PATH, doing: 'list the integrations', needs: 'integrations:integration:view' };
    const all = await readAllPages(this.#http, call, integration);
    return all.filter(({ integrationType }) => integrationType?.id === EVENTBRIDGE_TYPE).map(toIntegration);
  }

  /** Adds one, not enabled yet. */
  async add(name: string): Promise<EventBridgeIntegration> {
    const doing = `add the integration ${name}`;
    const body = { name, integrationType: { id: EVENTBRIDGE_TYPE } };
    const answer = await this.#http.call({
      method: 'POST',
      path: PATH,
      body,
      doing,
      needs: 'integrations:integration:add',
    });
    return toIntegration(understand(integration, answer, doing));
  }

  /** The configuration as it is. */
  async config(id: string): Promise<IntegrationConfig> {
    const doing = 'read the integration’s configuration';
    const path = `${pathOf(id)}/config/current`;
    const answer = await this.#http.call({ method: 'GET', path, doing, needs: 'integrations:integration:view' });
    return understand(config, answer, doing);
  }

  /** Replaces the configuration, on condition that it still has the version that `body` names. */
  async configure(id: string, body: IntegrationConfig): Promise<void> {
    await this.#http.call({
      method: 'PUT',
      path: `${pathOf(id)}/config/current`,
      body,
      doing: 'configure the integration',
      needs: 'integrations:integration:edit',
    });
  }

  /** Has Genesys Cloud enable it. */
  async enable(id: string): Promise<void> {
    await this.#http.call({
      method: 'PATCH',
      path: pathOf(id),
      body: { intendedState: 'ENABLED' },
      doing: 'enable the integration',
      needs: 'integrations:integration:edit',
    });
  }
}

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}

function toIntegration({
  id,
  name,
  intendedState,
  reportedState,
}: z.output<typeof integration>): EventBridgeIntegration {
  return { id, name, intendedState, reportedState: reportedState?.code };
}
