/**
 * Prices of AWS in us-east-1, as its price pages had them on the date below. Free tiers are left
 * out: they are an account's, not this stack's.
 */

/** When the prices were looked up. */
export const PRICES_OF = '2026-11-25';

/** One price: dollars for one of the unit. */
export interface Price {
  readonly dollars: number;
  readonly per: string;
  readonly source: string;
}

const MILLION = 1_000_000;

/** Every price that the cost model uses. */
export const PRICES = {
  httpApiRequest: { dollars: 1 / MILLION, per: 'request', source: 'https://aws.amazon.com/api-gateway/pricing/' },
  lambdaRequest: { dollars: 0.2 / MILLION, per: 'invocation', source: 'https://aws.amazon.com/lambda/pricing/' },
  lambdaGbSecond: { dollars: 0.0000133334, per: 'GB-second, Arm', source: 'https://aws.amazon.com/lambda/pricing/' },
  provisionedGbSecond: {
    dollars: 0.0000033334,
    per: 'GB-second of provisioned concurrency, Arm',
    source: 'https://aws.amazon.com/lambda/pricing/',
  },
  provisionedRunGbSecond: {
    dollars: 0.0000077778,
    per: 'GB-second run on provisioned concurrency, Arm',
    source: 'https://aws.amazon.com/lambda/pricing/',
  },
  sqsRequest: { dollars: 0.4 / MILLION, per: 'request', source: 'https://aws.amazon.com/sqs/pricing/' },
  writeUnit: {
    dollars: 0.625 / MILLION,
    per: 'write request unit',
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  readUnit: {
    dollars: 0.125 / MILLION,
    per: 'read request unit',
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  provisionedWriteHour: {
    dollars: 0.00065,
    per: 'write capacity unit and hour',
    source: 'https://aws.amazon.com/dynamodb/pricing/provisioned/',
  },
  provisionedReadHour: {
    dollars: 0.00013,
    per: 'read capacity unit and hour',
    source: 'https://aws.amazon.com/dynamodb/pricing/provisioned/',
  },
  tableGbMonth: { dollars: 0.25, per: 'GB and month', source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/' },
  recoveryGbMonth: {
    dollars: 0.2,
    per: 'GB and month of point-in-time recovery',
    source: 'https://aws.amazon.com/dynamodb/pricing/on-demand/',
  },
  logGb: { dollars: 0.5, per: 'GB ingested', source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  // These four as articles of February and June 2026 quote the price pages.
  metricMonth: { dollars: 0.3, per: 'custom metric and month', source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  alarmMetricMonth: {
    dollars: 0.1,
    per: 'metric of an alarm and month',
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
  },
  dashboardMonth: { dollars: 3, per: 'dashboard and month', source: 'https://aws.amazon.com/cloudwatch/pricing/' },
  keyMonth: { dollars: 1, per: 'key and month', source: 'https://aws.amazon.com/kms/pricing/' },
  trace: { dollars: 5 / MILLION, per: 'trace recorded', source: 'https://aws.amazon.com/xray/pricing/' },
  // These three as the price pages had them on 2026-11-27.
  firehoseGb: {
    dollars: 0.029,
    per: 'GB put directly, each record rounded up to 5 KB',
    source: 'https://aws.amazon.com/firehose/pricing/',
  },
  objectPut: { dollars: 5 / MILLION, per: 'object written', source: 'https://aws.amazon.com/s3/pricing/' },
  objectGbMonth: { dollars: 0.023, per: 'GB and month', source: 'https://aws.amazon.com/s3/pricing/' },
  secretMonth: { dollars: 0.4, per: 'secret and month', source: 'https://aws.amazon.com/secrets-manager/pricing/' },
} as const satisfies Record<string, Price>;
