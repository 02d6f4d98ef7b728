/** The stack's template, synthesized from a context as `cdk synth -c key=value` has it. */
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readPipelineConfig } from '../../lib/pipeline-config.ts';
import { WebhookPipelineStack } from '../../lib/webhook-pipeline-stack.ts';

/** A resource of a template. */
export interface TemplateResource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

/** Bundles no function: the template is the same without, but for the hash of the code. */
const UNBUNDLED = { 'aws:cdk:bundling-stacks': [] };

/** Synthesizes with these keys besides the CRM's base URL. */
export function synthesized(context: Readonly<Record<string, string>> = {}): Template {
  const config = readPipelineConfig({ 'crm.baseUrl': 'https://crm.example.com', ...context });
  return Template.fromStack(
    new WebhookPipelineStack(new App({ analyticsReporting: false, context: UNBUNDLED }), config),
  );
}

/** The one resource of this type whose logical id begins so. */
export function only(template: Template, type: string, logicalIdPrefix = ''): TemplateResource {
  const found = Object.entries(template.findResources(type)).filter(([id]) => id.startsWith(logicalIdPrefix));
  if (found.length !== 1) throw new Error(`${found.length} resources of ${type} begin with “${logicalIdPrefix}”`);
  return found[0]?.[1] as TemplateResource;
}

/**
 * A value of the template as text, in which resources are named by their logical ids without CDK's
 * suffix.
 */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  const call = value as Readonly<Record<string, unknown>>;
  if (typeof call.Ref === 'string') return `<${withoutSuffix(call.Ref)}>`;
  const attribute = call['Fn::GetAtt'];
  if (Array.isArray(attribute)) return `<${withoutSuffix(String(attribute[0]))}.${String(attribute[1])}>`;
  const join = call['Fn::Join'];
  if (Array.isArray(join)) return (join[1] as unknown[]).map(asText).join(String(join[0]));
  return JSON.stringify(value);
}

function withoutSuffix(logicalId: string): string {
  return logicalId.replace(/[0-9A-F]{8}$/, '');
}
