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
  it('are one line for all totals, with every value', () => {
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
        CircuitOpened: [1, 1],
        EndToEndLatency: [12.35, 7],
      },
    ]);
  });

  it('are counted by a dimension’s value and in total, on one line each', () => {
    const lines = published((metrics) => {
      metrics.addBy('MessagesDone', 'applied', 1);
      metrics.addBy('MessagesDone', 'duplicate', 1);
      metrics.addBy('MessagesDone', 'applied', 1);
    });
    const line = (members: object) => ({
      metrics: [
        {
          Namespace: 'TestStack',
          Dimensions: [['service', 'outcome'], ['service']],
          Metrics: [{ Name: 'MessagesDone', Unit: 'Count' }],
        },
      ],
      service: 'processor',
      ...members,
    });
    expect(lines).toEqual([
      line({ outcome: 'applied', MessagesDone: [1, 1] }),
      line({ outcome: 'duplicate', MessagesDone: 1 }),
    ]);
  });

  it('share their line with what the invocation did, once', () => {
    process.env._X_AMZN_TRACE_ID = 'Root=1-5e1b4151-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1';
    try {
      const lines = published((metrics) => {
        metrics.addBy('MessagesDone', 'applied', 1);
        metrics.addBy('MessagesDone', 'duplicate', 1);
        expect(
          metrics.addMessage('info', 'done for +15550100', {
            eventId: '15550100',
            why: 'call\u001b +15550100',
            none: undefined,
          }),
        ).toBe(true);
        expect(metrics.addMessage('info', 'more', {})).toBe(false);
      });
      expect(lines).toMatchObject([
        {
          service: 'processor',
          level: 'INFO',
          message: 'done for +15550100',
          eventId: '15550100',
          why: 'call  +******00',
          xray_trace_id: '1-5e1b4151-0123456789abcdef01234567',
          outcome: 'applied',
          MessagesDone: 1,
        },
        { outcome: 'duplicate', MessagesDone: 1 },
      ]);
      expect(lines[0]).toHaveProperty('timestamp');
      expect(lines[0]).not.toHaveProperty('none');
      expect(lines[1]).not.toHaveProperty('message');
    } finally {
      delete process.env._X_AMZN_TRACE_ID;
    }
  });

  it('can say something with each line again', () => {
    const metrics = new EmfMetrics('ingest', 'TestStack');
    for (const eventId of ['e-1', 'e-2']) {
      metrics.add('DeliveriesAccepted', 1);
      expect(metrics.addMessage('info', 'delivery accepted', { eventId })).toBe(true);
      const [line = ''] = linesWrittenBy(() => metrics.publish());
      expect(JSON.parse(line)).toMatchObject({ eventId, DeliveriesAccepted: 1 });
    }
  });

  it('are written once, and nothing where nothing was recorded', () => {
    const metrics = new EmfMetrics('ingest', 'TestStack');
    metrics.add('DeliveriesAccepted', 1);
    expect(linesWrittenBy(() => metrics.publish())).toHaveLength(1);
    expect(linesWrittenBy(() => metrics.publish())).toEqual([]);
  });
});
