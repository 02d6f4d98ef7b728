/**
 * The uses of the stream secret on AWS: in ingest's log group. A metric would need
 * cloudwatch:GetMetricData, which knows no resources; logs:FilterLogEvents can be granted for this
 * one log group.
 */
import { type CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { askAws } from '../aws-failure.ts';
import { ACCEPTED, isUseOf, type SecretUse, STAGE_FIELD, type UseQuery } from './secret-use.ts';

/** Reads ingest's log group. */
export class CloudWatchSecretUse implements SecretUse {
  readonly #client: CloudWatchLogsClient;
  readonly #logGroupName: string;

  constructor(client: CloudWatchLogsClient, logGroupName: string) {
    this.#client = client;
    this.#logGroupName = logGroupName;
  }

  async usesSince({ stage, sinceMs, enough }: UseQuery): Promise<number> {
    let uses = 0;
    let nextToken: string | undefined;
    do {
      const command = new FilterLogEventsCommand({
        logGroupName: this.#logGroupName,
        startTime: sinceMs,
        filterPattern: filterPatternFor({ ...ACCEPTED, [STAGE_FIELD]: stage }),
        nextToken,
      });
      const page = await askAws(
        'look for deliveries in ingest’s log',
        `logs:FilterLogEvents on ${this.#logGroupName}`,
        () => this.#client.send(command),
      );
      // A page may be empty and have another one after it. Servers other than AWS may ignore the
      // filter.
      uses += (page.events ?? []).filter(({ message = '' }) => isUseOf(stage, sinceMs, message)).length;
      nextToken = page.nextToken;
    } while (nextToken !== undefined && uses < enough);
    return Math.min(uses, enough);
  }
}

/** A filter pattern for JSON lines that have all of these fields. */
function filterPatternFor(fields: Readonly<Record<string, string>>): string {
  return `{ ${Object.entries(fields)
    .map(([name, value]) => `$.${name} = "${value}"`)
    .join(' && ')} }`;
}
