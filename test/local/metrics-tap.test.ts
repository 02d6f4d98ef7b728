/** The functions' metrics as the local pipeline reads them from their logs. */
import { mkdtempSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EmfMetrics } from '../../lambdas/adapters/metrics.powertools.ts';
import { FunctionLog } from '../../local/lambda/function-log.ts';
import { MetricsTap } from '../../local/lambda/metrics-tap.ts';
import { linesWrittenBy } from '../harness/standard-output.ts';

const NOW = Date.parse('2026-01-31T09:30:07Z');

/** Metrics line of one invocation of the processor. */
function emitted(act: (metrics: EmfMetrics) => void, atMs = NOW): string[] {
  const metrics = new EmfMetrics('processor', 'TestStack');
  act(metrics);
  return linesWrittenBy(() => metrics.publish()).map((line) => line.replace(/"Timestamp":\d+/, `"Timestamp":${atMs}`));
}

function tapWith(...lines: readonly string[]): MetricsTap {
  const tap = new MetricsTap(() => NOW);
  for (const line of lines) tap.take(line);
  return tap;
}

describe('the tap', () => {
  it('adds up what the functions emit, in total and by dimension', () => {
    const tap = tapWith(
      ...emitted((metrics) => {
        metrics.addBy('MessagesDone', 'applied', 1);
        metrics.addBy('MessagesDone', 'duplicate', 2);
      }, NOW - 6_000),
      ...emitted((metrics) => metrics.addBy('MessagesDone', 'applied', 4)),
    );
    const lastTen = { lastMs: 10_000, periodMs: 5_000 };
    expect(tap.series({ metric: 'MessagesDone', statistic: 'sum' }, lastTen)).toEqual([
      { atMs: NOW - 7_000, value: 3 },
      { atMs: NOW - 2_000, value: 4 },
    ]);
    expect(tap.series({ metric: 'MessagesDone', by: 'duplicate', statistic: 'sum' }, lastTen)).toEqual([
      { atMs: NOW - 7_000, value: 2 },
      { atMs: NOW - 2_000, value: undefined },
    ]);
    expect(tap.sinceStart({ metric: 'MessagesDone', by: 'applied', statistic: 'sum' })).toBe(5);
    expect(tap.sinceStart({ metric: 'EventsRedriven', statistic: 'sum' })).toBeUndefined();
  });

  it.each([
    ['minimum', 1],
    ['average', 50.5],
    ['maximum', 100],
    ['samples', 100],
    ['p50', 50],
    ['p95', 95],
    ['p99', 99],
  ] as const)('gives the %s of times', (statistic, expected) => {
    const tap = tapWith(
      ...Array.from({ length: 100 }, (_, i) => emitted((metrics) => metrics.add('CrmLatency', i + 1))).flat(),
    );
    const [point] = tap.series({ metric: 'CrmLatency', statistic }, { lastMs: 60_000, periodMs: 60_000 });
    expect(Math.abs((point?.value ?? 0) / expected - 1)).toBeLessThan(0.05);
  });

  it('passes over what is no metric of ours, and lines that were cut off', () => {
    const tap = tapWith(
      '{"timestamp":"2026-01-31T09:30:00Z","level":"INFO","service":"processor","MessagesDone":7}',
      '{"_aws":{"Timestamp":1,"CloudWa',
      '{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Dimensions":[["service"]],"Metrics":[{"Name":"Else"}]}]},"Else":1}',
    );
    expect(tap.sinceStart({ metric: 'MessagesDone', statistic: 'sum' })).toBeUndefined();
  });

  it('forgets what is older than an hour, but not that it was', () => {
    const tap = tapWith(
      ...emitted((metrics) => metrics.add('EventsRedriven', 3), NOW - 2 * 3_600_000),
      ...emitted((metrics) => metrics.add('EventsRedriven', 4)),
    );
    const all = tap.series({ metric: 'EventsRedriven', statistic: 'sum' }, { lastMs: 10_800_000, periodMs: 3_600_000 });
    expect(all.map(({ value }) => value)).toEqual([undefined, undefined, 4]);
    expect(tap.sinceStart({ metric: 'EventsRedriven', statistic: 'sum' })).toBe(7);
  });
});

describe('the log of a function', () => {
  it('shows every whole line to the tap, and the terminal nothing but errors', () => {
    const directory = mkdtempSync(join(tmpdir(), 'function-log-'));
    const told: string[] = [];
    const taken: string[] = [];
    const readers = { onLine: (line: string) => told.push(line), take: (line: string) => taken.push(line) };
    const log = new FunctionLog('Processor', join(directory, 'a.log'), readers);
    try {
      const metrics = emitted((m) => m.add('CircuitOpened', 1));
      // Longer than is read at once, and in more than one byte a character.
      const long = `{"level":"INFO","message":"${'ü'.repeat(900_000)}"}`;
      writeSync(log.descriptor, `${long}\n${metrics.join('\n')}\n`);
      writeSync(log.descriptor, '{"level":"ERROR","message":"bad","cause":"worse"}\n{"_aws":{"Timest');
      log.close();
      expect(taken).toEqual([long, ...metrics, '{"level":"ERROR","message":"bad","cause":"worse"}']);
      expect(told).toEqual(['Processor: bad: worse']);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
