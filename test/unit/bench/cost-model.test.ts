/** The bill by hand, for figures that can be reckoned in the head. */
import { describe, expect, it } from '@jest/globals';
import { type CostQuestion, costOf, type MeasuredUnits } from '../../../bench/cost/cost-model.ts';

const UNITS: MeasuredUnits = {
  ingestCpuMs: 0.5,
  processorCpuMs: 2,
  writeUnits: 8,
  readUnits: 1,
  duplicateWriteUnits: 0,
  duplicateReadUnits: 1,
};

const QUESTION: CostQuestion = {
  eventsPerMonth: 1_000_000,
  duplicates: 0.5,
  ingestMemoryMb: 1_769,
  processorMemoryMb: 1_769,
  provisionedConcurrency: 0,
  batchWindowSeconds: 0,
  tracing: false,
  archiveDays: 0,
  table: { kind: 'on-demand' },
  crmMs: 100,
};

function dollarsOf(question: CostQuestion, service: string, what: RegExp): number {
  const found = costOf(question, UNITS).items.filter((item) => item.service === service && what.test(item.what));
  return Math.round(found.reduce((sum, { dollars }) => sum + dollars, 0) * 10_000) / 10_000;
}

describe('the bill', () => {
  it('counts deliveries where they are billed, and writes only for events', () => {
    expect(dollarsOf(QUESTION, 'API Gateway', /requests/)).toBe(1.5);
    expect(dollarsOf(QUESTION, 'DynamoDB', /writes/)).toBe(5);
    expect(dollarsOf(QUESTION, 'DynamoDB', /reads/)).toBe(0.1875);
    expect(dollarsOf(QUESTION, 'Secrets Manager', /./)).toBe(1.2);
  });

  it('counts three requests to SQS for a message of a batch of one, and the polls of an empty queue', () => {
    // 1.5 million sent, 1.5 million received, as many deleted; 5 polls every 20 s of 730 h.
    expect(dollarsOf(QUESTION, 'SQS', /./)).toBe(Math.round((4.5 + 0.657) * 0.4 * 10_000) / 10_000);
  });

  it('bills ingest by its time at its memory', () => {
    // A whole CPU: 0.5 ms and 8 ms for SQS, rounded up to 9 ms.
    const gbSeconds = (1_500_000 * 9 * (1_769 / 1_024)) / 1_000;
    expect(dollarsOf(QUESTION, 'Lambda', /^ingest$/)).toBeCloseTo(0.3 + gbSeconds * 0.0000133334, 3);
  });

  it('bills capacity by the hour where it is provisioned', () => {
    const provisioned = { ...QUESTION, table: { kind: 'provisioned', peakToMean: 10 } as const };
    // 8 million units in 2,628,000 s are 3.04 a second; ten times that, rounded up, 31.
    expect(costOf(provisioned, UNITS).items).toContainEqual({
      service: 'DynamoDB',
      what: 'writes, 31 units',
      dollars: 31 * 730 * 0.00065,
    });
  });

  it('bills what is kept ready by the month, and runs on it for less', () => {
    const ready = { ...QUESTION, provisionedConcurrency: 2 };
    expect(dollarsOf(ready, 'Lambda', /provisioned/)).toBeCloseTo(2 * (1_769 / 1_024) * 2_628_000 * 0.0000033334, 3);
    expect(dollarsOf(ready, 'Lambda', /^ingest$/)).toBeLessThan(dollarsOf(QUESTION, 'Lambda', /^ingest$/));
  });

  it('bills fewer invocations where batches are gathered', () => {
    const gathered = { ...QUESTION, batchWindowSeconds: 300 };
    expect(dollarsOf(gathered, 'SQS', /./)).toBeCloseTo((1.5 + 0.3 + 0.657) * 0.4, 3);
    expect(dollarsOf(gathered, 'Lambda', /processor/)).toBeLessThan(dollarsOf(QUESTION, 'Lambda', /processor/));
  });

  it('has what watching costs, whatever comes, and lines of metrics by the batch', () => {
    // 20 metrics, 32 of alarms, a dashboard; a key.
    expect(dollarsOf(QUESTION, 'CloudWatch', /metrics/)).toBeCloseTo(12.2, 5);
    expect(dollarsOf({ ...QUESTION, eventsPerMonth: 1 }, 'CloudWatch', /metrics/)).toBeCloseTo(12.2, 5);
    expect(dollarsOf(QUESTION, 'KMS', /./)).toBe(1);
    // 1.5 million deliveries of 1,187 bytes in three lines, and as many batches of 992 in three; 26
    // bytes for each line.
    const gigabytes = (1_500_000 * (1_187 + 992 + 6 * 26)) / 2 ** 30;
    expect(dollarsOf(QUESTION, 'CloudWatch', /logs/)).toBeCloseTo(gigabytes * 0.5, 3);
  });

  it('grows by the events, and names the largest item first', () => {
    const { items, dollarsPerMonth, dollarsPerMillionEvents } = costOf(
      { ...QUESTION, eventsPerMonth: 2_000_000 },
      UNITS,
    );
    expect(items[1]).toMatchObject({ service: 'DynamoDB', what: 'writes', dollars: 10 });
    expect(dollarsPerMillionEvents).toBeCloseTo(dollarsPerMonth / 2, 6);
    expect(costOf({ ...QUESTION, tracing: true }, UNITS).dollarsPerMonth).toBeGreaterThan(
      costOf(QUESTION, UNITS).dollarsPerMonth,
    );
  });

  it('of an archive is Firehose’s records of 5 KB, an object every five minutes, and what is stored', () => {
    const archived = { ...QUESTION, archiveDays: 30.4 };
    // 1,500,000 records of 5 KB; 8,760 objects; 600 bytes a delivery.
    const records = (1_500_000 * 5_120 * 0.029) / 2 ** 30;
    const stored = (1_500_000 * 600 * 0.023) / 2 ** 30;
    const dollars = Math.round((records + 8_760 * 0.000005 + stored) * 10_000) / 10_000;
    expect(dollarsOf(archived, 'Firehose and S3', /archive/)).toBe(dollars);
    expect(dollarsOf(QUESTION, 'Firehose and S3', /archive/)).toBe(0);
  });
});
