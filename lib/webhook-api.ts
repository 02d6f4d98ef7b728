/** The HTTP API that Genesys posts to: one route for each sender, throttled, with an access log. */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  DomainName,
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { SignatureProfile } from '../lambdas/domain/delivery/signature-profiles.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import { storageKey } from './storage-key.ts';

/** Fields of an access log line: never a body, a signature or another header. */
const ACCESS_LOG_FIELDS = {
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  integrationLatencyMs: '$context.integrationLatency',
  integrationError: '$context.integrationErrorMessage',
  responseBytes: '$context.responseLength',
};

/** Signature checking is the function's: API Gateway has no authorizer that sees the raw body. */
export class WebhookApi extends Construct {
  /** For its metrics. */
  readonly api: HttpApi;
  readonly #base: string;
  /** With a custom domain, what its DNS record points to. */
  readonly domainTarget: string | undefined;
  /** The hosted zone of `domainTarget`, which a Route 53 alias record needs. */
  readonly domainZoneId: string | undefined;

  constructor(scope: Construct, id: string, props: { readonly config: PipelineConfig; readonly ingest: IFunction }) {
    super(scope, id);
    const { config } = props;
    const domain = config.domain === undefined ? undefined : this.#domain(config.domain);
    const api = new HttpApi(this, 'HttpApi', {
      description: 'Takes signed deliveries of Genesys Cloud',
      createDefaultStage: false,
      // The key is separate from the domain's: its DNS record can be set only after the first
      // deployment.
      disableExecuteApiEndpoint: config.domain?.only ?? false,
    });
    this.api = api;
    const integration = new HttpLambdaIntegration('Ingest', props.ingest, {
      timeout: Duration.millis(config.limits.ingestFunctionTimeoutMs + 1_000),
    });
    const routes = config.profiles.flatMap(({ path }) =>
      api.addRoutes({ path, methods: [HttpMethod.POST], authorizer: new HttpNoneAuthorizer(), integration }),
    );
    for (const route of routes) {
      Validations.of(route).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: 'The sender is known by its signature over the raw body, which no authorizer of an HTTP API is shown.',
      });
    }
    this.#stage(api, config, domain);
    this.#base = domain === undefined ? api.apiEndpoint : `https://${domain.name}`;
    this.domainTarget = domain?.regionalDomainName;
    this.domainZoneId = domain?.regionalHostedZoneId;
  }

  /** URL for this sender in Genesys. */
  urlOf({ path }: SignatureProfile): string {
    return `${this.#base}${path}`;
  }

  #domain(domain: NonNullable<PipelineConfig['domain']>): DomainName {
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', domain.certificateArn);
    return new DomainName(this, 'Domain', { domainName: domain.name, certificate });
  }

  #stage(httpApi: HttpApi, config: PipelineConfig, domain: DomainName | undefined): HttpStage {
    const encryptionKey = storageKey(this, config);
    const logGroup = new LogGroup(this, 'AccessLogs', {
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
      // Outside this prefix each log group adds to the account's one resource policy, which is
      // limited in length.
      logGroupName: `/aws/vendedlogs/apigateway/${config.stackName}-webhook`,
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return new HttpStage(this, 'Stage', {
      httpApi,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: config.limits.apiThrottleRate, burstLimit: config.limits.apiThrottleBurst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(logGroup),
        format: AccessLogFormat.custom(JSON.stringify(ACCESS_LOG_FIELDS)),
      },
      ...(domain === undefined ? {} : { domainMapping: { domainName: domain } }),
    });
  }
}
