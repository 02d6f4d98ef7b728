/**
 * The dashboard, in the order of the flow. Two graphs a row at the most: on a phone they come one
 * under the other.
 */
import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type GraphWidgetProps,
  type HorizontalAnnotation,
  type IMetric,
  type IWidget,
  Row,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { MonitoredResources } from './pipeline-alarms.ts';
import { formula } from './pipeline-metrics.ts';

/** Content of the dashboard besides the metrics under alarm. */
export interface DashboardProps {
  readonly resources: MonitoredResources;
  readonly alarms: readonly Alarm[];
  /** Put in below the alarms, each over the whole width: the operations page. */
  readonly widgets: readonly IWidget[];
}

const WIDTH = 24;
const PERIOD = Duration.minutes(1);

/** One dashboard a stack. */
export class PipelineDashboard extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, { resources: watched, alarms, widgets }: DashboardProps) {
    super(scope, id);
    this.dashboard = new Dashboard(this, 'Dashboard', { defaultInterval: Duration.hours(3) });
    const rows: IWidget[][] = [
      [new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: WIDTH, height: 4 })],
      ...widgets.map((widget) => [widget]),
      ...sections(watched).flatMap(({ heading, about, graphs }) => [
        [new TextWidget({ markdown: `## ${heading}\n${about}`, width: WIDTH, height: 2 })],
        graphs,
      ]),
    ];
    for (const row of rows) this.dashboard.addWidgets(new Row(...row));
  }
}

interface Section {
  readonly heading: string;
  readonly about: string;
  readonly graphs: IWidget[];
}

function sections(watched: MonitoredResources): Section[] {
  return [takenIn(watched), waiting(watched), applied(watched), crm(watched), quarantine(watched), machinery(watched)];
}

/** Half a row. */
function graph(title: string, unit: string, left: IMetric[], more: Partial<GraphWidgetProps> = {}): GraphWidget {
  return new GraphWidget({
    title,
    width: WIDTH / 2,
    height: 6,
    left,
    leftYAxis: { min: 0, label: unit, showUnits: false },
    period: PERIOD,
    ...more,
  });
}

/** From here on it is too much. */
function bound(value: number, label: string): HorizontalAnnotation[] {
  return [{ value, label, color: '#d13212' }];
}

function takenIn({ metrics, api, limits }: MonitoredResources): Section {
  return {
    heading: '1. Taken in',
    about: 'Deliveries from Genesys. Refused by cause; answers 5xx are tried again by the sender.',
    graphs: [
      graph('Deliveries', 'a minute', [
        metrics.total('DeliveriesAccepted', { label: 'accepted' }),
        ...metrics.parts('DeliveriesRefused'),
        api.metricServerError({ statistic: 'Sum', label: 'answers 5xx', period: PERIOD }),
      ]),
      graph(
        'Ingest',
        'ms',
        [
          ...percentiles((statistic) => metrics.total('IngestLatency', { statistic, label: `latency ${statistic}` })),
          metrics.total('EventLoopLag', { statistic: 'Average', label: 'event-loop lag' }),
        ],
        { leftAnnotations: bound(limits.alarmIngestLatencyMs, 'alarm at p99') },
      ),
    ],
  };
}

function waiting({ deliveryQueue, metrics }: MonitoredResources): Section {
  return {
    heading: '2. Waiting',
    about: 'The delivery queue: what waits for the processor, or for its next attempt.',
    graphs: [
      graph('Messages', 'messages', [
        deliveryQueue.metricApproximateNumberOfMessagesVisible({
          statistic: 'Maximum',
          label: 'waiting',
          period: PERIOD,
        }),
        deliveryQueue.metricApproximateNumberOfMessagesNotVisible({
          statistic: 'Maximum',
          label: 'being worked on, or backing off',
          period: PERIOD,
        }),
      ]),
      graph('Oldest message', 's', [
        deliveryQueue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', label: 'age', period: PERIOD }),
      ]),
      graph('Dead letters of the partner event bus', 'events', [
        metrics.total('PartnerDeadLetters', { statistic: 'Maximum', label: 'events' }),
      ]),
      graph('Deliveries that were not archived', 'deliveries', [
        metrics.total('DeliveriesNotArchived', { label: 'deliveries' }),
      ]),
      graph('Oldest message that was put back', 'ms', [
        metrics.total('RetriedAge', { statistic: 'Maximum', label: 'age' }),
      ]),
    ],
  };
}

function applied({ metrics }: MonitoredResources): Section {
  return {
    heading: '3. Brought to an end',
    about: 'Messages by outcome, those that come back later by cause, and how long applied events took.',
    graphs: [
      graph('Outcomes', 'a minute', metrics.parts('MessagesDone')),
      graph('Come back later', 'a minute', metrics.parts('MessagesRetried')),
      graph('Ignored by the mapping', 'a minute', metrics.parts('EventsIgnored')),
      graph(
        'From receipt to applied',
        'ms',
        percentiles((statistic) => metrics.total('EndToEndLatency', { statistic, label: statistic })),
      ),
      graph(
        'Age of events when applied',
        'ms',
        percentiles((statistic) => metrics.total('EventAge', { statistic, label: statistic })),
      ),
    ],
  };
}

function crm({ metrics, limits }: MonitoredResources): Section {
  return {
    heading: '4. The CRM',
    about: 'Calls by answer, how long they took, and the circuit that spares a CRM which is down.',
    graphs: [
      graph('Calls', 'a minute', metrics.parts('CrmCalls')),
      graph(
        'Latency',
        'ms',
        percentiles((statistic) => metrics.total('CrmLatency', { statistic, label: statistic })),
      ),
      graph('Circuit open for', 'ms', [metrics.total('CircuitOpenTime', { statistic: 'Maximum', label: 'open for' })], {
        leftAnnotations: bound(limits.alarmCircuitOpenMs, 'alarm'),
      }),
      graph('Circuit', 'a minute', [
        metrics.total('CircuitOpened', { label: 'opened' }),
        metrics.part('CircuitProbes', 'succeeded', { label: 'probes succeeded' }),
        metrics.part('CircuitProbes', 'failed', { label: 'probes failed' }),
      ]),
    ],
  };
}

function quarantine({ metrics, limits }: MonitoredResources): Section {
  return {
    heading: '5. Quarantine',
    about: 'What waits for a person or for the CRM, by reason; how it came there, and what went back.',
    graphs: [
      graph('Messages in quarantine', 'messages', [
        metrics.total('MessagesInQuarantine', { statistic: 'Maximum', label: 'messages' }),
      ]),
      graph('In quarantine', 'events', metrics.parts('EventsInQuarantine', { statistic: 'Maximum' }), {
        stacked: true,
      }),
      graph(
        'Oldest',
        'ms',
        [metrics.total('OldestInQuarantine', { statistic: 'Maximum', label: 'since it was quarantined' })],
        { leftAnnotations: bound(limits.alarmQuarantineAgeMs, 'alarm') },
      ),
      graph('Quarantined', 'a minute', metrics.parts('EventsQuarantined')),
      graph('Redriven', 'a minute', [metrics.total('EventsRedriven', { label: 'back to the delivery queue' })]),
    ],
  };
}

function machinery(watched: MonitoredResources): Section {
  const { ingest, processor, redrive, metrics } = watched;
  const functions: readonly (readonly [string, IFunction])[] = [
    ['ingest', ingest],
    ['processor', processor],
    ['redrive', redrive],
  ];
  const of = (metric: (each: IFunction, label: string) => IMetric) =>
    functions.map(([name, each]) => metric(each, name));
  return {
    heading: '6. Machinery',
    about: 'The functions, and whether what went in came out: accepted and redriven, less brought to an end.',
    graphs: [
      graph('Errors and throttles', 'a minute', [
        ...of((each, name) => each.metricErrors({ statistic: 'Sum', label: `${name} errors`, period: PERIOD })),
        ...of((each, name) => each.metricThrottles({ statistic: 'Sum', label: `${name} throttled`, period: PERIOD })),
      ]),
      graph(
        'Longest invocation',
        'ms',
        of((each, name) => each.metricDuration({ statistic: 'Maximum', label: name, period: PERIOD })),
      ),
      graph('Scheduled runs', 'a minute', [
        ...metrics.parts('ScheduledRuns'),
        metrics.total('RefreshUnfinished', { statistic: 'Maximum', label: 'refresh unfinished' }),
      ]),
      graph(
        'In, less out',
        'an hour',
        [
          formula(
            'unaccounted for, or waiting',
            'FILL(accepted, 0) + FILL(redriven, 0) + FILL(elsewhere, 0) - FILL(done, 0)',
            {
              accepted: metrics.total('DeliveriesAccepted', { period: Duration.hours(1) }),
              redriven: metrics.total('EventsRedriven', { period: Duration.hours(1) }),
              elsewhere: metrics.total('MessagesFromElsewhere', { period: Duration.hours(1) }),
              done: metrics.total('MessagesDone', { period: Duration.hours(1) }),
            },
            Duration.hours(1),
          ),
        ],
        { period: Duration.hours(1), leftYAxis: { label: 'an hour', showUnits: false } },
      ),
    ],
  };
}

function percentiles(metric: (statistic: string) => IMetric): IMetric[] {
  return ['p50', 'p99'].map(metric);
}
