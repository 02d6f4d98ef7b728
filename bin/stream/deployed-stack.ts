/** The deployed stack, known by its outputs. */
import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { UserError } from '../../cli/user-error.ts';
import { askAws } from './aws-failure.ts';
import type { TargetPipeline } from './pipeline-source.ts';
import { CloudWatchSecretUse } from './secret/secret-use.cloudwatch.ts';
import { SecretVersions } from './secret/secret-versions.ts';

/** A stack and where it is. */
export interface DeployedStack {
  readonly name: string;
  readonly account: string;
  readonly region: string;
  /**
   * The value of an output. Refused where the stack has none of this name: it was deployed before
   * there was one.
   */
  output(name: string): string;
  /** The value of an output that not every stack has. */
  find(name: string): string | undefined;
}

/**
 * Reads a stack of the account and region that the AWS SDK finds in the environment or in a
 * profile.
 */
export async function describeStack(stackName: string): Promise<DeployedStack> {
  const client = new CloudFormationClient({});
  try {
    const { Stacks = [] } = await askAws(`find the stack ${stackName}`, 'cloudformation:DescribeStacks', () =>
      client.send(new DescribeStacksCommand({ StackName: stackName })),
    );
    const [stack] = Stacks;
    if (stack === undefined) throw new UserError(`There is no stack ${stackName}.`);
    return readStack(stackName, stack);
  } finally {
    client.destroy();
  }
}

function readStack(name: string, stack: Stack): DeployedStack {
  // arn:aws:cloudformation:<region>:<account>:stack/…
  const [, , , region = '', account = ''] = (stack.StackId ?? '').split(':');
  const outputs = new Map((stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));
  return {
    name,
    account,
    region,
    find: (key) => outputs.get(key),
    output: (key) => {
      const value = outputs.get(key);
      if (value === undefined) throw new UserError(`The stack ${name} has no output ${key}: deploy it again.`);
      return value;
    },
  };
}

/** The pipeline that a stack is. */
export async function findDeployedPipeline(stackName: string): Promise<TargetPipeline> {
  const stack = await describeStack(stackName);
  const { region } = stack;
  const secretsManager = new SecretsManagerClient({ region });
  const logs = new CloudWatchLogsClient({ region });
  return {
    name: `the stack ${stackName}`,
    webhookUrl: stack.output('WebhookUrl'),
    secretKnownAfterMs: Number(stack.output('StreamSecretKnownAfterMs')),
    secrets: new SecretVersions(secretsManager, stack.output('StreamSecretArn')),
    secretUse: new CloudWatchSecretUse(logs, stack.output('IngestLogGroupName')),
    lookEveryMs: 5_000,
    close: () => {
      secretsManager.destroy();
      logs.destroy();
    },
  };
}
