/** Monitoring: alarms with their topic, and the dashboard. */
import type { Dashboard, IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { PipelineConfig } from '../pipeline-config.ts';
import { storageKey } from '../storage-key.ts';
import { AlarmTopic } from './alarm-topic.ts';
import { type MonitoredResources, PipelineAlarms } from './pipeline-alarms.ts';
import { PipelineDashboard } from './pipeline-dashboard.ts';
import { PipelineMetrics } from './pipeline-metrics.ts';

/** Resources under monitoring. */
export interface MonitoringProps extends Omit<MonitoredResources, 'metrics' | 'limits' | 'silenceMinutes'> {
  readonly config: PipelineConfig;
  /** Widgets for the dashboard, below the alarms. */
  readonly widgets?: readonly IWidget[];
}

/** Watches the whole stack. */
export class Monitoring extends Construct {
  readonly topic: ITopic;
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, { config, widgets = [], ...resources }: MonitoringProps) {
    super(scope, id);
    const { stackName, limits, alarmsEmail: email, silenceMinutes } = config;
    const watched: MonitoredResources = {
      ...resources,
      metrics: new PipelineMetrics(stackName),
      limits,
      ...(silenceMinutes === undefined ? {} : { silenceMinutes }),
    };
    const { topic } = new AlarmTopic(this, 'Topic', { email, encryptionKey: storageKey(this, config) });
    const { alarms } = new PipelineAlarms(this, 'Alarms', { watched, stackName, topic });
    const { dashboard } = new PipelineDashboard(this, 'Dashboard', { resources: watched, alarms, widgets });
    this.topic = topic;
    this.dashboard = dashboard;
  }
}
