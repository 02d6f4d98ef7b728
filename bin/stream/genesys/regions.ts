/** Regions of Genesys Cloud, by the name of the AWS region that each runs in. */
import { WrongOption } from '../../../cli/command.ts';

/**
 * Every region and its host; login and API are at `login.` and `api.` before it. From the region
 * table of the Genesys Cloud platform SDKs (`PureCloudRegionHosts`), looked up in November 2026.
 */
export const GENESYS_REGIONS = {
  'us-east-1': 'mypurecloud.com',
  'us-east-2': 'use2.us-gov-pure.cloud',
  'us-west-2': 'usw2.pure.cloud',
  'ca-central-1': 'cac1.pure.cloud',
  'mx-central-1': 'mxc1.pure.cloud',
  'sa-east-1': 'sae1.pure.cloud',
  'eu-central-1': 'mypurecloud.de',
  'eu-central-2': 'euc2.pure.cloud',
  'eu-west-1': 'mypurecloud.ie',
  'eu-west-2': 'euw2.pure.cloud',
  'eusc-de-east-1': 'edee1.eusc-pure.cloud',
  'me-central-1': 'mec1.pure.cloud',
  'ap-south-1': 'aps1.pure.cloud',
  'ap-southeast-1': 'apse1.pure.cloud',
  'ap-southeast-2': 'mypurecloud.com.au',
  'ap-northeast-1': 'mypurecloud.jp',
  'ap-northeast-2': 'apne2.pure.cloud',
  'ap-northeast-3': 'apne3.pure.cloud',
} as const;

/** Hosts that a command calls. */
export interface GenesysHosts {
  /** As it is named in messages. */
  readonly name: string;
  readonly loginUrl: string;
  readonly apiUrl: string;
  /** True if it is a fake on this machine. */
  readonly fake: boolean;
}

/**
 * The hosts of a region, named by its AWS region or by its host. Refuses any other, with the list.
 */
export function hostsOfRegion(given: string): GenesysHosts {
  const wanted = given.trim().toLowerCase();
  for (const [region, host] of Object.entries(GENESYS_REGIONS)) {
    if (wanted !== region && wanted !== host) continue;
    return {
      name: `${region} (${host})`,
      loginUrl: `https://login.${host}`,
      apiUrl: `https://api.${host}`,
      fake: false,
    };
  }
  throw new WrongOption(`${given}: no region of Genesys Cloud. There are\n${listRegions()}`);
}

/**
 * The hosts at `--api URL`, where one address serves login and API. Plain http only on this
 * machine.
 */
export function hostsAt(url: string): GenesysHosts {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const local = parsed?.protocol === 'http:' && /^(127\.0\.0\.1|localhost)$/.test(parsed.hostname);
  if (parsed === undefined || (parsed.protocol !== 'https:' && !local)) {
    throw new WrongOption(
      `--api ${url}: must be https, or http on 127.0.0.1: the client secret could be read on the way`,
    );
  }
  const address = parsed.href.replace(/\/+$/, '');
  return { name: address, loginUrl: address, apiUrl: address, fake: local };
}

/** All regions, one a line. */
export function listRegions(): string {
  return Object.entries(GENESYS_REGIONS)
    .map(([region, host]) => `  ${region.padEnd(16)}${host}`)
    .join('\n');
}
