/** The table of connectors: a new one is a folder beside this file and a row here. */
import type { Connector } from '../domain/crm/connector.ts';
import { dataverse } from './dataverse/connector.ts';
import { hubspot } from './hubspot/connector.ts';
import { rest } from './rest/connector.ts';
import { salesforce } from './salesforce/connector.ts';
import { zendesk } from './zendesk/connector.ts';

/** All connectors, by the values of `crm.connector`. */
export const CONNECTORS = { rest, salesforce, hubspot, dataverse, zendesk } as const satisfies Readonly<
  Record<string, Connector>
>;

/** A value of `crm.connector`. */
export type ConnectorName = keyof typeof CONNECTORS;
