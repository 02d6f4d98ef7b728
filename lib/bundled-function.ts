/** How every function of the stack is built and run: one place for runtime, bundle, logs and tracing. */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { PipelineConfig } from './pipeline-config.ts';

/** What differs from function to function. */
export interface BundledFunctionProps {
  readonly description: string;
  /** The handler's file, relative to the project. It exports `handler`. */
  readonly entry: string;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly environment: Record<string, string>;
  readonly config: PipelineConfig;
}

/** Some packages of the SDK still call `require`, which an ES module does not have. */
const REQUIRE_BANNER =
  "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);";

const PROJECT = new URL('..', import.meta.url).pathname;

/** A function bundled by the local esbuild, with a log group of its own that is deleted with the stack. */
export function bundledFunction(scope: Construct, id: string, props: BundledFunctionProps): NodejsFunction {
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    retention: props.config.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // Instead of AWSLambdaBasicExecutionRole, which may write to every log group of the account.
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  Validations.of(role).acknowledge({
    id: 'AwsSolutions-IAM5[Resource::*]',
    reason: 'xray:PutTraceSegments and xray:PutTelemetryRecords, which tracing needs, know no resources.',
  });
  return new NodejsFunction(scope, id, {
    description: props.description,
    entry: `${PROJECT}${props.entry}`,
    projectRoot: PROJECT,
    depsLockFilePath: `${PROJECT}package-lock.json`,
    handler: 'handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: props.memoryMb,
    timeout: Duration.millis(props.timeoutMs),
    environment: props.environment,
    tracing: Tracing.ACTIVE,
    loggingFormat: LoggingFormat.JSON,
    logGroup,
    role,
    bundling: {
      format: OutputFormat.ESM,
      target: 'node24',
      mainFields: ['module', 'main'],
      banner: REQUIRE_BANNER,
      minify: true,
      keepNames: true,
      sourceMap: false,
      // The SDK that Lambda brings is older and loads more slowly than the parts that are used here.
      externalModules: [],
      forceDockerBundling: false,
    },
  });
}
