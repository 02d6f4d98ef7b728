/**
 * The partner event source that Genesys Cloud makes in the AWS account, as EventBridge knows it.
 */
import { EventBridgeClient, ListEventSourcesCommand } from '@aws-sdk/client-eventbridge';
import { localCredentials } from '../../../local/local-clients.ts';
import { askAws } from '../aws-failure.ts';

/** A partner event source. */
export interface PartnerSource {
  /** `aws.partner/genesys.com/cloud/<organisation>/<suffix>`; also the name of its event bus. */
  readonly name: string;
  /** PENDING until its event bus has been made: what is sent before is lost. */
  readonly state: 'PENDING' | 'ACTIVE' | 'DELETED';
  /** When a pending one is given up. */
  readonly expiresAtMs: number | undefined;
}

const PREFIX = 'aws.partner/genesys.com/';

/** Looks for the source with this suffix. */
export class PartnerSources {
  readonly #client: EventBridgeClient;

  /** `endpoint`: that of a fake on this machine. */
  constructor(region: string, endpoint: string | undefined) {
    const fake = endpoint === undefined ? {} : { endpoint, credentials: localCredentials('local') };
    this.#client = new EventBridgeClient({ region, ...fake });
  }

  /** The source; undefined where it is not there yet. */
  async find(suffix: string): Promise<PartnerSource | undefined> {
    let NextToken: string | undefined;
    do {
      const command = new ListEventSourcesCommand({ NamePrefix: PREFIX, NextToken });
      const page = await askAws('look for the partner event source', 'events:ListEventSources', () =>
        this.#client.send(command),
      );
      const found = page.EventSources?.find(({ Name }) => Name?.endsWith(`/${suffix}`));
      if (found?.Name !== undefined) {
        return { name: found.Name, state: found.State ?? 'PENDING', expiresAtMs: found.ExpirationTime?.getTime() };
      }
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return undefined;
  }

  /** Ends the client. */
  close(): void {
    this.#client.destroy();
  }
}
