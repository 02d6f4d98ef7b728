/** The CDK app, run as the CDK CLI runs it. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const OUT = mkdtempSync(join(tmpdir(), 'cdk-app-'));

afterAll(() => rmSync(OUT, { recursive: true, force: true }));

function runApp(context: Readonly<Record<string, unknown>>) {
  return spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'bin/app.ts'], {
    cwd: PROJECT_DIR,
    encoding: 'utf8',
    // No credentials, no region, no home: it must not need any.
    env: { PATH: process.env.PATH, CDK_OUTDIR: OUT, CDK_CONTEXT_JSON: JSON.stringify(context) },
  });
}

describe('the app', () => {
  it('ends with one plain message where the CRM is not named', () => {
    const { status, stderr } = runApp({});
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^\nThe configuration is not complete and right:\n\n {2}crm\.baseUrl\n {4}got: {3}nothing\n/,
    );
    expect(stderr).not.toMatch(/\n\s+at /);
  }, 30_000);

  it.each([
    ['as it is shipped', {}],
    [
      'with a domain of its own and every entrance',
      {
        domain: { name: 'hooks.example.com', certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/0f0f' },
        openMessaging: true,
        partnerEventSource: 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts',
      },
    ],
  ])(
    'synthesizes without account or region, and leaves nothing for the AwsSolutions rules to find, %s',
    (_how, context) => {
      const { status, stderr } = runApp({ 'crm.baseUrl': 'https://crm.example.com', ...context });
      expect(stderr).not.toMatch(/AwsSolutions|ERROR|WARNING/);
      expect(status).toBe(0);
      const manifest = JSON.parse(readFileSync(join(OUT, 'manifest.json'), 'utf8')) as {
        readonly artifacts: Readonly<Record<string, { readonly environment?: string }>>;
      };
      expect(manifest.artifacts.GenesysCrmPipeline?.environment).toBe('aws://unknown-account/unknown-region');
    },
    60_000,
  );

  it('would fail on what those rules find', () => {
    const app = new App({ outdir: join(OUT, 'bad') });
    new Bucket(new Stack(app, 'Bad'), 'Bucket');
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).toThrow(/AwsSolutions-S1/);
  });
});
