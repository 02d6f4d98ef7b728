/** What tells the operator: alarms with their topic, and the dashboard. */
import type { IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { AlarmTopic } from './alarm-topic.ts';
import { PipelineAlarms, type Watched } from './pipeline-alarms.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import { PipelineDashboard } from './pipeline-dashboard.ts';
import { PipelineMetrics } from './pipeline-metrics.ts';

/** What is operated. */
export interface OperationsProps extends Omit<Watched, 'metrics' | 'limits'> {
  readonly config: PipelineConfig;
  /** Widgets for the dashboard, below the alarms. */
  readonly widgets?: readonly IWidget[];
}

/** Watches the whole stack. */
export class Operations extends Construct {
  readonly topic: ITopic;
  readonly dashboardName: string;

  constructor(scope: Construct, id: string, { config, widgets = [], ...resources }: OperationsProps) {
    super(scope, id);
    const { stackName, limits, alarmsEmail: email } = config;
    const watched: Watched = { ...resources, metrics: new PipelineMetrics(stackName), limits };
    const { topic } = new AlarmTopic(this, 'Topic', { email });
    const { alarms } = new PipelineAlarms(this, 'Alarms', { watched, stackName, topic });
    const { dashboard } = new PipelineDashboard(this, 'Dashboard', { watched, alarms, widgets });
    this.topic = topic;
    this.dashboardName = dashboard.dashboardName;
  }
}
