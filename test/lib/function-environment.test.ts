/** Checks that the handlers read what the constructs write. */
import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { readIngestEnvironment } from '../../lambdas/ingest/env.ts';
import { readOperationsEnvironment } from '../../lambdas/operations/env.ts';
import { readProcessorEnvironment } from '../../lambdas/processor/env.ts';
import { readRedriveEnvironment } from '../../lambdas/redrive/env.ts';
import { asText, only, synthesized } from './synthesized.ts';

describe('the functions’ environment', () => {
  it('is read by the functions as it was meant, with the limits of the context', () => {
    const template = synthesized({ 'limits.crmTimeoutMs': '4000' });
    const variablesOf = (name: string) => {
      const { Environment } = only(template, 'AWS::Lambda::Function', name).Properties;
      const { Variables } = Environment as { readonly Variables: Readonly<Record<string, unknown>> };
      return Object.fromEntries(Object.entries(Variables).map(([key, value]) => [key, asText(value)]));
    };
    const limits = { ...DEFAULT_LIMITS, crmTimeoutMs: 4_000 };
    expect(readIngestEnvironment(variablesOf('Ingest'))).toEqual({
      deliveryQueueUrl: '<QueuesDelivery>',
      secretArns: { 'genesys-webhook': '<SecretsStreamSecret>' },
      metricsNamespace: 'GenesysCrmPipeline',
      limits,
    });
    expect(readProcessorEnvironment(variablesOf('Processor'))).toEqual({
      deliveryQueueUrl: '<QueuesDelivery>',
      quarantineUrl: '<QueuesQuarantine>',
      stateTableName: '<StateTable>',
      crmBaseUrl: 'https://crm.example.com',
      crmConnector: 'rest',
      crmSettings: '{}',
      crmRate: 'none',
      crmTokenSecretArn: '<SecretsCrmToken>',
      digestKeySecretArn: '<SecretsDigestKey>',
      metricsNamespace: 'GenesysCrmPipeline',
      limits,
    });
    expect(readRedriveEnvironment(variablesOf('Redrive'))).toEqual({
      deliveryQueueUrl: '<QueuesDelivery>',
      deliveryQueueArn: '<QueuesDelivery.Arn>',
      quarantineUrl: '<QueuesQuarantine>',
      quarantineArn: '<QueuesQuarantine.Arn>',
      stateTableName: '<StateTable>',
      quarantineIndexName: 'quarantine-by-reason',
      metricsNamespace: 'GenesysCrmPipeline',
      limits,
    });
    const operations = {
      deliveryQueueUrl: '<QueuesDelivery>',
      quarantineUrl: '<QueuesQuarantine>',
      stateTableName: '<StateTable>',
      quarantineIndexName: 'quarantine-by-reason',
      digestKeySecretArn: '<SecretsDigestKey>',
      redriveFunctionName: '<RedriveFunction>',
      limits,
    };
    expect(readOperationsEnvironment(variablesOf('OperationsPageView'))).toEqual({
      ...operations,
      actFunctionArn: '<OperationsPageAct.Arn>',
    });
    expect(readOperationsEnvironment(variablesOf('OperationsPageAct'))).toEqual({
      ...operations,
      actFunctionArn: 'this function',
    });
    // Nothing else is told them, least of all a secret's value.
    expect(Object.keys(variablesOf('Processor')).sort()).toEqual([
      'CRM_BASE_URL',
      'CRM_CONNECTOR',
      'CRM_RATE',
      'CRM_SETTINGS',
      'CRM_TOKEN_SECRET_ARN',
      'DELIVERY_QUEUE_URL',
      'DIGEST_KEY_SECRET_ARN',
      'LIMITS',
      'METRICS_NAMESPACE',
      'QUARANTINE_URL',
      'STATE_TABLE_NAME',
    ]);
  });

  it('is refused with one message that names all that is missing', () => {
    expect(() => readIngestEnvironment({ OPEN_MESSAGING_SECRET_ARN: '' })).toThrow(
      'DELIVERY_QUEUE_URL is not set; METRICS_NAMESPACE is not set; STREAM_SECRET_ARN is not set; ' +
        'OPEN_MESSAGING_SECRET_ARN is not set.',
    );
    expect(() => readProcessorEnvironment({ LIMITS: '[]', CRM_BASE_URL: '' })).toThrow(
      'DELIVERY_QUEUE_URL is not set; QUARANTINE_URL is not set; STATE_TABLE_NAME is not set; CRM_BASE_URL is not set; ' +
        'CRM_CONNECTOR is not set; CRM_SETTINGS is not set; CRM_RATE is not set; CRM_TOKEN_SECRET_ARN is not set; DIGEST_KEY_SECRET_ARN is not set; METRICS_NAMESPACE is not set; LIMITS is not a JSON object.',
    );
  });
});
