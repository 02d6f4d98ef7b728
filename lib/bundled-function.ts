/** Builds every function of the stack: one place for runtime, bundle, logs and tracing. */
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Architecture, LoggingFormat, Runtime, SystemLogLevel, Tracing } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import type { PipelineConfig } from './pipeline-config.ts';

/** Properties that differ from function to function. */
export interface BundledFunctionProps {
  readonly description: string;
  /** The handler's file, relative to the package and without extension. It exports `handler`. */
  readonly entry: string;
  /** Files that the bundler takes for these imports. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Expressions that the bundler replaces by these. */
  readonly define?: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutMs: number;
  readonly environment: Record<string, string>;
  /** Most environments at once, taken from the account's concurrency; left out: no limit. */
  readonly reservedConcurrency?: number;
  readonly config: PipelineConfig;
}

/**
 * The directory of this package: that of its sources here, that of its JavaScript where it is
 * installed.
 */
const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const LOCK_FILE = `${PROJECT}package-lock.json`;

/**
 * Providers that the SDK imports on demand, after it has found no credentials in the environment.
 * Lambda always sets them there. Left out of the bundles, which they would make a quarter larger;
 * Lambda's own SDK has them.
 */
export const UNUSED_CREDENTIAL_PROVIDERS = [
  ...['http', 'ini', 'login', 'process', 'sso', 'web-identity'].map((name) => `@aws-sdk/credential-provider-${name}`),
  '@smithy/credential-provider-imds',
];

/** Uses of the user's key by queues, table and secrets on behalf of a function. */
const KEY_USE = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/**
 * Says what the bundle is, whatever the directories above it say: on one machine it lies inside
 * this project.
 */
function commonJsMark(_inputDir: string, outputDir: string): string[] {
  const write = "fs.writeFileSync(process.argv[1],JSON.stringify({type:'commonjs'}))";
  return [`"${process.execPath}" -e "${write}" "${outputDir}/package.json"`];
}

/**
 * A function bundled by the local esbuild, with a log group of its own that is deleted with the
 * stack.
 */
export function bundledFunction(scope: Construct, id: string, props: BundledFunctionProps): NodejsFunction {
  const { kmsKeyArn } = props.config;
  const encryptionKey = kmsKeyArn === undefined ? undefined : Key.fromKeyArn(scope, `${id}Key`, kmsKeyArn);
  const logGroup = new LogGroup(scope, `${id}Logs`, {
    ...(encryptionKey === undefined ? {} : { encryptionKey }),
    retention: props.config.logRetentionDays,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  // Instead of AWSLambdaBasicExecutionRole, which may write to every log group of the account.
  const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
  logGroup.grantWrite(role);
  if (encryptionKey !== undefined)
    role.addToPolicy(new PolicyStatement({ actions: KEY_USE, resources: [encryptionKey.keyArn] }));
  if (props.config.tracing) {
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'xray:PutTraceSegments and xray:PutTelemetryRecords, which tracing needs, know no resources.',
    });
  }
  return new NodejsFunction(scope, id, {
    description: props.description,
    entry: `${PROJECT}${props.entry}${extname(import.meta.url)}`,
    // Installed, the package has no lock file: CDK finds that of the app, and with it the project's
    // root.
    ...(existsSync(LOCK_FILE) ? { projectRoot: PROJECT, depsLockFilePath: LOCK_FILE } : {}),
    handler: 'handler',
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    memorySize: props.memoryMb,
    timeout: Duration.millis(props.timeoutMs),
    environment: props.environment,
    ...(props.reservedConcurrency === undefined ? {} : { reservedConcurrentExecutions: props.reservedConcurrency }),
    tracing: props.config.tracing ? Tracing.ACTIVE : Tracing.DISABLED,
    loggingFormat: LoggingFormat.JSON,
    // Not a start, an end and a report of each invocation: more bytes than all that we log, and in
    // the metrics anyway.
    systemLogLevelV2: SystemLogLevel.WARN,
    logGroup,
    role,
    bundling: {
      // Not an ES module: one that imports `node:http` by name loads all that Node keeps for later
      // behind its getters (a WebSocket, all of `fetch`), which took 35 ms of the start and is
      // never used.
      format: OutputFormat.CJS,
      target: 'node24',
      // Built from the packages' ES modules, so that the bundler can drop unused code.
      mainFields: ['module', 'main'],
      minify: true,
      sourceMap: false,
      // All else is bundled: the SDK that Lambda brings is older and loads more slowly than the
      // parts that are used here.
      externalModules: UNUSED_CREDENTIAL_PROVIDERS,
      ...(props.define === undefined ? {} : { define: props.define }),
      esbuildArgs: { '--alias': Object.entries(props.aliases ?? {}).map(([name, path]) => `${name}=${path}`) },
      commandHooks: { beforeBundling: () => [], beforeInstall: () => [], afterBundling: commonJsMark },
      forceDockerBundling: false,
    },
  });
}
