/** The lines from which CloudWatch makes metrics. */
import { describe, expect, it } from '@jest/globals';
import { EmfMetrics } from '../../../lambdas/adapters/metrics.powertools.ts';
import { linesWrittenBy } from '../../harness/standard-output.ts';

/** The lines of one invocation, without their times. */
function published(act: (metrics: EmfMetrics) => void): unknown[] {
  const metrics = new EmfMetrics('processor', 'TestStack');
  const lines = linesWrittenBy(() => {
    act(metrics);
    metrics.publish();
  });
  return lines.map((line) => {
    const { _aws, ...members } = JSON.parse(line) as {
      readonly _aws: { readonly Timestamp: number; readonly CloudWatchMetrics: unknown };
    };
    expect(Math.abs(_aws.Timestamp - Date.now())).toBeLessThan(60_000);
    return { metrics: _aws.CloudWatchMetrics, ...members };
  });
}

describe('metrics in the embedded metric format', () => {
  it('are one line for all totals, counts summed up and times one by one', () => {
    const lines = published((metrics) => {
      metrics.add('CircuitOpened', 1);
      metrics.add('CircuitOpened', 1);
      metrics.add('EndToEndLatency', 12.3456);
      metrics.add('EndToEndLatency', 7);
    });
    expect(lines).toEqual([
      {
        metrics: [
          {
            Namespace: 'TestStack',
            Dimensions: [['service']],
            Metrics: [
              { Name: 'CircuitOpened', Unit: 'Count' },
              { Name: 'EndToEndLatency', Unit: 'Milliseconds' },
            ],
          },
        ],
        service: 'processor',
        CircuitOpened: 2,
        EndToEndLatency: [12.35, 7],
      },
    ]);
  });

  it('are counted by a dimension’s value, and in total', () => {
    const lines = published((metrics) => {
      metrics.addBy('MessagesDone', 'applied', 1);
      metrics.addBy('MessagesDone', 'duplicate', 1);
      metrics.addBy('MessagesDone', 'applied', 1);
    });
    const line = (dimensions: readonly string[], members: object) => ({
      metrics: [
        { Namespace: 'TestStack', Dimensions: [dimensions], Metrics: [{ Name: 'MessagesDone', Unit: 'Count' }] },
      ],
      service: 'processor',
      ...members,
    });
    expect(lines).toEqual([
      line(['service'], { MessagesDone: 3 }),
      line(['service', 'outcome'], { outcome: 'applied', MessagesDone: 2 }),
      line(['service', 'outcome'], { outcome: 'duplicate', MessagesDone: 1 }),
    ]);
  });

  it('are written once, and nothing where nothing was recorded', () => {
    const metrics = new EmfMetrics('ingest', 'TestStack');
    metrics.add('DeliveriesAccepted', 1);
    expect(linesWrittenBy(() => metrics.publish())).toHaveLength(1);
    expect(linesWrittenBy(() => metrics.publish())).toEqual([]);
  });
});
