/**
 * Alarms and dashboard: they name only what is emitted, notify the topic, and each alarm is in the
 * runbook.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { TextWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { WATCHED } from '../../bench/cost/cost-model.ts';
import { METRICS, type MetricSpec } from '../../lambdas/domain/telemetry/metrics.ts';
import { Monitoring } from '../../lib/monitoring/monitoring.ts';
import { readPipelineConfig } from '../../lib/pipeline-config.ts';
import { expressionValue, type Period } from './alarm-evaluator.ts';
import { asText, only, synthesized } from './synthesized.ts';

const RUNBOOK = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
const LAMBDAS = new URL('../../lambdas/', import.meta.url);

/** A metric as an alarm or a widget names it. */
interface Named {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

interface AlarmMetric {
  readonly Id: string;
  readonly Expression?: string;
  readonly MetricStat?: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
    };
    readonly Period: number;
    readonly Stat: string;
  };
}

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Threshold: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: string;
  readonly ComparisonOperator: string;
  readonly AlarmActions: readonly unknown[];
  readonly OKActions: readonly unknown[];
  readonly Metrics?: readonly AlarmMetric[];
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
}

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly properties: {
    readonly title?: string;
    readonly markdown?: string;
    readonly endpoint?: string;
    readonly metrics?: readonly (readonly unknown[])[];
  };
}

let template: Template;
let alarms: ReadonlyMap<string, AlarmProperties>;
let widgets: readonly Widget[];

beforeAll(() => {
  template = synthesized();
  alarms = alarmsOf(template);
  widgets = widgetsOf(template);
});

let configuredOnce: Template | undefined;

/** A stack whose configuration says all that alarms go by. Made once: it takes a few seconds. */
function configuredStack(): Template {
  configuredOnce ??= synthesized({
    stackName: 'Contacts',
    'alarms.email': 'on-call@example.com',
    'limits.alarmCircuitOpenMs': '120000',
  });
  return configuredOnce;
}

function alarmsOf(of: Template): ReadonlyMap<string, AlarmProperties> {
  const all = Object.values(of.findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties as AlarmProperties,
  );
  return new Map(all.map((alarm) => [alarm.AlarmName.replace(/^GenesysCrmPipeline-/, ''), alarm]));
}

function widgetsOf(of: Template): readonly Widget[] {
  const { DashboardBody } = only(of, 'AWS::CloudWatch::Dashboard').Properties;
  return (JSON.parse(asText(DashboardBody)) as { readonly widgets: readonly Widget[] }).widgets;
}

function namedByAlarm(alarm: AlarmProperties): Named[] {
  const single = alarm.MetricName === undefined ? [] : [alarm];
  const ofMath = (alarm.Metrics ?? []).flatMap(({ MetricStat }) =>
    MetricStat === undefined ? [] : [MetricStat.Metric],
  );
  return [...single, ...ofMath].map(({ Namespace = '', MetricName = '', Dimensions = [] }) => ({
    namespace: Namespace,
    name: MetricName,
    dimensions: Object.fromEntries(Dimensions.map(({ Name, Value }) => [Name, asText(Value)])),
  }));
}

/**
 * A metric of a widget is a list: namespace, name, dimensions one after the other, and how it is
 * shown.
 */
function namedByWidget(widget: Widget): Named[] {
  return (widget.properties.metrics ?? [])
    .filter(([first]) => typeof first === 'string')
    .map((entry) => {
      const [namespace = '', name = '', ...dimensions] = entry.filter((part) => typeof part === 'string') as string[];
      const pairs = dimensions.flatMap((part, i) => (i % 2 === 0 ? [[part, dimensions[i + 1] ?? '']] : []));
      return { namespace, name, dimensions: Object.fromEntries(pairs) };
    });
}

/** Why nobody emits a metric; undefined where somebody does. */
function problemWith({ namespace, name, dimensions }: Named): string | undefined {
  if (namespace.startsWith('AWS/')) return undefined;
  if (namespace !== 'GenesysCrmPipeline') return `${namespace} is no namespace of ours`;
  const spec: MetricSpec | undefined = Object.hasOwn(METRICS, name) ? METRICS[name as keyof typeof METRICS] : undefined;
  if (spec === undefined) return `${name} is not in the table`;
  const { service, ...others } = dimensions;
  if (service !== spec.service) return `${name} is emitted by ${spec.service}, not ${service}`;
  const [[dimension, value] = [], ...more] = Object.entries(others);
  if (more.length > 0) return `${name} has more than one dimension`;
  if (dimension === undefined) return undefined;
  if (dimension !== spec.dimension?.name) return `${name} has no dimension ${dimension}`;
  return spec.dimension.values.includes(String(value)) ? undefined : `${dimension} of ${name} is never ${value}`;
}

/** The sources of a function and of what it may record through, as one text. */
function sourcesOf(service: string): string {
  const folders = [`${service}/`, 'adapters/'];
  return folders
    .flatMap((folder) => readdirSync(new URL(folder, LAMBDAS)).map((file) => new URL(`${folder}${file}`, LAMBDAS)))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
}

describe('the table of metrics', () => {
  it.each(Object.entries<MetricSpec>(METRICS))(
    '%s is recorded by the function that it says',
    (name, { service, dimension }) => {
      const call = dimension === undefined ? `\\.add\\(\\s*'${name}'` : `\\.addBy\\(\\s*'${name}'`;
      expect(sourcesOf(service)).toMatch(new RegExp(call));
    },
  );

  it('makes no more metrics than the runbook counts the cost of', () => {
    const specs = Object.values<MetricSpec>(METRICS);
    const parts = specs.reduce((sum, { dimension }) => sum + (dimension?.values.length ?? 0), 0);
    expect(specs.length + parts).toBe(89);
    expect(RUNBOOK).toContain('at the most 89 ');
  });
});

describe('alarms', () => {
  it('are these, and go off at this', () => {
    const rules = [...alarms].map(([name, alarm]) => {
      const { Threshold, DatapointsToAlarm, EvaluationPeriods, TreatMissingData } = alarm;
      return `${name} from ${Threshold}, ${DatapointsToAlarm} of ${EvaluationPeriods}, missing is ${TreatMissingData}`;
    });
    expect(rules.sort()).toEqual([
      'ApiRefusing from 20, 2 of 3, missing is notBreaching',
      'AttemptsFailing from 1, 1 of 1, missing is notBreaching',
      'CircuitOpen from 600000, 1 of 1, missing is ignore',
      'EventLoopLagging from 50, 5 of 5, missing is notBreaching',
      'EventsRetriedLong from 900000, 1 of 3, missing is notBreaching',
      'IngestFailing from 5, 1 of 1, missing is notBreaching',
      'IngestNearTimeout from 7200, 2 of 5, missing is notBreaching',
      'IngestSlow from 100, 2 of 3, missing is notBreaching',
      'MessagesWaiting from 900, 3 of 5, missing is notBreaching',
      'ProcessorFailing from 1, 1 of 1, missing is notBreaching',
      'ProcessorNearTimeout from 27000, 3 of 5, missing is notBreaching',
      'ProcessorThrottled from 1, 2 of 3, missing is notBreaching',
      'QuarantineFailing from 1, 2 of 3, missing is notBreaching',
      'QuarantineForgotten from 604800000, 1 of 1, missing is ignore',
      'QuarantineNotEmpty from 1, 2 of 3, missing is ignore',
      'QuarantineRefreshBehind from 1, 1 of 1, missing is notBreaching',
      'RedriveFailing from 1, 1 of 1, missing is notBreaching',
      'RefusalsSurging from 20, 1 of 1, missing is notBreaching',
      'SchedulesSilent from 1, 3 of 3, missing is breaching',
      'StateTableFailing from 10, 2 of 3, missing is notBreaching',
      'Unaccounted from 1, 2 of 2, missing is notBreaching',
    ]);
    for (const { ComparisonOperator } of alarms.values())
      expect(ComparisonOperator).toBe('GreaterThanOrEqualToThreshold');
  });

  it('name only metrics that somebody emits, and no more than a formula may have', () => {
    for (const alarm of alarms.values()) {
      const named = namedByAlarm(alarm);
      expect(named.length).toBeGreaterThan(0);
      expect(named.length).toBeLessThanOrEqual(10);
      expect(named.map(problemWith).filter((problem) => problem !== undefined)).toEqual([]);
    }
  });

  it('have as many metrics as the bill counts', () => {
    expect([...alarms.values()].flatMap(namedByAlarm)).toHaveLength(WATCHED.alarmMetrics);
  });

  it('would be told of a metric that nobody emits', () => {
    const named = { namespace: 'GenesysCrmPipeline', name: 'MessagesDone', dimensions: { service: 'processor' } };
    expect(problemWith(named)).toBeUndefined();
    expect(problemWith({ ...named, name: 'MessagesGone' })).toMatch('not in the table');
    expect(problemWith({ ...named, dimensions: { service: 'ingest' } })).toMatch('emitted by processor');
    expect(problemWith({ ...named, dimensions: { service: 'processor', outcome: 'lost' } })).toMatch('never lost');
  });

  it('tell one topic, when they go off and when it is over, and where to read what to do', () => {
    for (const [name, alarm] of alarms) {
      expect([alarm.AlarmActions.map(asText), alarm.OKActions.map(asText)]).toEqual([
        ['<OperationsTopic>'],
        ['<OperationsTopic>'],
      ]);
      expect(alarm.AlarmDescription).toMatch(new RegExp(`docs/runbook\\.md, ${name}$`));
    }
  });

  it('have each a heading of the runbook, and the runbook has no heading without an alarm', () => {
    const [, section = ''] = /\n## Alarms\n([\s\S]*?)\n## /.exec(RUNBOOK) ?? [];
    const headings = [...section.matchAll(/^### (\w+)$/gm)].map(([, heading]) => heading);
    const others = ['ArchiveIncomplete', 'ArchiveStalled', 'DeliveriesSilent', 'PartnerEventsStuck'];
    expect(headings.sort()).toEqual([...alarms.keys(), ...others].sort());
    for (const part of section.split(/^### /m).slice(1)) {
      expect(part).toMatch(/\*\*Means\*\*/);
      expect(part).toMatch(/\*\*Check\*\*/);
      expect(part).toMatch(/\*\*Do\*\*/);
    }
  });
});

/** Evaluates an alarm's formula for these values. */
function evaluated(name: string, values: Period): number | undefined {
  const alarm = alarms.get(name);
  return alarm === undefined ? undefined : expressionValue(alarm, values);
}

describe('what is unaccounted for', () => {
  const still = { waitingMost: 4, waitingLeast: 0, heldMost: 5, heldLeast: 0 };

  it.each([
    ['all came out', { accepted: 5_000, done: 5_000, ...still }, 0],
    ['as many as one killed process may have had', { accepted: 5_000, done: 4_990, ...still }, 0],
    ['more than that', { accepted: 5_000, done: 4_980, ...still }, 10],
    ['a thousandth of many', { accepted: 600_000, done: 599_400, ...still }, 0],
    ['more than a thousandth', { accepted: 600_000, done: 599_300, ...still }, 100],
    ['redriven events that never came out', { redriven: 50, done: 20, ...still }, 20],
    ['more came out than went in', { accepted: 100, done: 300, ...still }, 0],
    ['events of the partner event bus', { elsewhere: 300, done: 300, ...still }, 0],
    ['nothing at all happened', {}, 0],
    ['the queue took them in', { accepted: 5_000, done: 1_000, ...still, waitingMost: 4_000 }, 0],
    ['they back off', { accepted: 5_000, done: 4_900, ...still, heldMost: 100 }, 0],
    [
      'a queue that is never empty, but stands still',
      { accepted: 900, done: 800, ...still, heldMost: 50, heldLeast: 45 },
      90,
    ],
  ])('%s', (_case, values, expected) => {
    expect(evaluated('Unaccounted', values)).toBe(expected);
  });
});

describe('other formulas', () => {
  it.each([
    ['IngestSlow', { p99: 250, deliveries: 99 }, 0],
    ['IngestSlow', { p99: 250, deliveries: 100 }, 250],
    ['RefusalsSurging', { refused: 40, deliveries: 840 }, 0],
    ['RefusalsSurging', { refused: 43, deliveries: 843 }, 43],
    ['RefusalsSurging', { refused: 20, deliveries: 20 }, 20],
  ])('%s of %j is %d', (alarm, values, expected) => {
    expect(evaluated(alarm, values)).toBe(expected);
  });
});

describe('the dashboard', () => {
  it('follows the flow, at most two graphs a row', () => {
    const headings = widgets.flatMap(({ properties }) => /^## (.*)/.exec(properties.markdown ?? '')?.[1] ?? []);
    expect(headings).toEqual([
      '1. Taken in',
      '2. Waiting',
      '3. Brought to an end',
      '4. The CRM',
      '5. Quarantine',
      '6. Machinery',
    ]);
    expect(widgets[0]?.type).toBe('alarm');
    for (const { type, width, x } of widgets) {
      expect(x + width).toBeLessThanOrEqual(24);
      expect(width).toBe(type === 'metric' ? 12 : 24);
    }
  });

  it('names only metrics that somebody emits, and shows every one of the table', () => {
    const named = widgets.flatMap(namedByWidget);
    expect(named.map(problemWith).filter((problem) => problem !== undefined)).toEqual([]);
    const shown = new Set(named.map(({ name }) => name));
    expect(Object.keys(METRICS).filter((name) => !shown.has(name))).toEqual([]);
  });

  it('has the operations page below the alarms, by the function that may only look', () => {
    expect(widgets[1]).toMatchObject({
      type: 'custom',
      properties: { title: 'Operations', endpoint: '<OperationsPageView.Arn>', updateOn: { refresh: true } },
    });
  });

  it('has a place for further widgets, between the alarms and the flow', () => {
    const stack = new Stack(new App({ analyticsReporting: false }), 'Stack');
    const queue = (id: string) => new Queue(stack, id);
    const code = Code.fromInline('exports.handler = () => {}');
    const named = (id: string) =>
      new LambdaFunction(stack, id, { runtime: Runtime.NODEJS_24_X, handler: 'index.handler', code });
    new Monitoring(stack, 'Operations', {
      config: readPipelineConfig({ 'crm.baseUrl': 'https://crm.example.com' }),
      api: new HttpApi(stack, 'Api'),
      deliveryQueue: queue('Delivery'),
      quarantine: queue('Quarantine'),
      ingest: named('Ingest'),
      processor: named('Processor'),
      redrive: named('Redrive'),
      hasPartnerBus: false,
      widgets: [new TextWidget({ markdown: 'a page', width: 24, height: 8 })],
    });
    const shown = widgetsOf(Template.fromStack(stack));
    expect(shown.slice(0, 3).map(({ type, properties }) => [type, properties.markdown?.split('\n')[0]])).toEqual([
      ['alarm', undefined],
      ['text', 'a page'],
      ['text', '## 1. Taken in'],
    ]);
  });

  it('shows the state of every alarm', () => {
    const text = JSON.stringify(widgets[0]?.properties);
    for (const name of alarms.keys()) expect(text).toContain(`OperationsAlarms${name}`);
  });
});

describe('the topic of alarms', () => {
  it('is encrypted with a key that is rotated', () => {
    expect(asText(only(template, 'AWS::SNS::Topic').Properties.KmsMasterKeyId)).toBe('<OperationsTopicKey.Arn>');
    expect(only(template, 'AWS::KMS::Key').Properties.EnableKeyRotation).toBe(true);
  });

  it('takes nothing without TLS, and only what alarms of this account publish', () => {
    const { PolicyDocument } = only(template, 'AWS::SNS::TopicPolicy').Properties;
    const { Statement } = PolicyDocument as { readonly Statement: readonly Readonly<Record<string, unknown>>[] };
    const said = Statement.map(({ Effect, Action, Principal, Condition }) => ({
      Effect,
      Action,
      Principal,
      Condition,
    }));
    expect(said).toEqual([
      {
        Effect: 'Deny',
        Action: 'sns:Publish',
        Principal: '*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
      {
        Effect: 'Allow',
        Action: 'sns:Publish',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      },
    ]);
  });

  it('has no subscription unless alarms.email is configured', () => {
    expect(template.findResources('AWS::SNS::Subscription')).toEqual({});
    const configured = configuredStack();
    expect(only(configured, 'AWS::SNS::Subscription').Properties).toMatchObject({
      Protocol: 'email',
      Endpoint: 'on-call@example.com',
    });
  });
});

describe('limits of the context', () => {
  it('are what alarms go by', () => {
    const configured = configuredStack();
    const named = Object.values(configured.findResources('AWS::CloudWatch::Alarm')).map(
      ({ Properties }) => Properties as AlarmProperties,
    );
    const circuit = named.find(({ AlarmName }) => AlarmName === 'Contacts-CircuitOpen');
    expect(circuit?.Threshold).toBe(120_000);
    expect(circuit === undefined ? [] : namedByAlarm(circuit)).toEqual([
      { namespace: 'Contacts', name: 'CircuitOpenTime', dimensions: { service: 'redrive' } },
    ]);
  });
});
