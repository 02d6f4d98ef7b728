/** Genesys Cloud as the options and the environment name it. */

import { WrongOption } from '../../../cli/command.ts';
import { nextCommand } from '../next-command.ts';
import type { StreamOptions } from '../options.ts';
import type { CliContext } from '../surroundings.ts';
import { GenesysHttp } from './http.ts';
import { oauthClientFrom, TokenSource } from './oauth.ts';
import { type GenesysHosts, hostsAt, hostsOfRegion, listRegions } from './regions.ts';

/** A way to its API, and where that is. */
export interface GenesysAccess {
  readonly hosts: GenesysHosts;
  readonly http: GenesysHttp;
}

/** Makes no network call. Throws a UserError if region or OAuth client are missing. */
export function genesysAccess(options: StreamOptions, around: CliContext): GenesysAccess {
  const hosts = hostsFrom(options, around.environment);
  const tokens = new TokenSource(hosts, oauthClientFrom(around.environment), around);
  const look = nextCommand(options.transport === 'webhook' ? 'list' : 'show', options);
  return { hosts, http: new GenesysHttp({ hosts, tokens, look }, around) };
}

function hostsFrom({ api, region }: StreamOptions, environment: CliContext['environment']): GenesysHosts {
  if (api !== undefined && region !== undefined) throw new WrongOption('--api and --region exclude each other.');
  if (api !== undefined) return hostsAt(api);
  const wanted = region ?? environment.GENESYS_REGION ?? '';
  if (wanted !== '') return hostsOfRegion(wanted);
  throw new WrongOption(
    `--region or GENESYS_REGION must name the region of Genesys Cloud. There are\n${listRegions()}`,
  );
}
