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
import { synthesize } from '../../local/cloudformation/synthesize.ts';

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

/** Runs the CDK CLI as README prints it, without credentials. */
function runCdk(...args: readonly string[]) {
  return spawnSync(process.execPath, ['node_modules/aws-cdk/bin/cdk', ...args, '--output', join(OUT, 'cli')], {
    cwd: PROJECT_DIR,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: OUT, AWS_EC2_METADATA_DISABLED: 'true', CI: 'true' },
  });
}

describe('the app without the CRM’s base URL', () => {
  it('lists its stack', () => {
    const { status, stdout } = runCdk('list');
    expect([status, stdout]).toEqual([0, 'GenesysCrmPipeline\n']);
  });

  it.each([
    ['bootstrap', 'Unable to resolve AWS account'],
    ['destroy --force', 'destroy failed'],
  ])('reaches AWS with cdk %s', (command, expected) => {
    const { stdout, stderr } = runCdk(...command.split(' '));
    expect(stdout + stderr).toContain(expected);
    expect(stdout + stderr).not.toContain('crm.baseUrl');
  });

  it('is not synthesized, and the message names the key once', () => {
    const { status, stdout, stderr } = runCdk('synth', '--quiet');
    expect(status).toBe(1);
    const output = stdout + stderr;
    expect(output).toMatch(/The configuration has errors:\n\n {2}crm\.baseUrl\n {4}got: {6}nothing\n/);
    expect(output.split('crm.baseUrl\n')).toHaveLength(2);
    expect(output).not.toMatch(/\n\s+at |Resources section/);
  });

  it('does not start on one machine, and the message is the same', async () => {
    const never = new AbortController().signal;
    await expect(synthesize({}, join(OUT, 'local'), never)).rejects.toThrow(
      /^The configuration has errors:\n\n {2}crm\.baseUrl\n/,
    );
  });
});

describe('the app', () => {
  it.each([
    ['as it is shipped', {}],
    [
      'in a private network, traced, with the user’s key',
      {
        'processor.subnetIds': 'subnet-0a1b2c3d',
        'processor.securityGroupIds': 'sg-0a1b2c3d',
        'kms.keyArn': 'arn:aws:kms:eu-west-1:123456789012:key/0f0f0f0f-0000-4000-8000-000000000000',
        tracing: true,
        'archive.days': 30,
        'alarms.silenceMinutes': 30,
      },
    ],
    [
      'with a domain of its own and every entrance',
      {
        domain: { name: 'hooks.example.com', certificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/0f0f' },
        openMessaging: true,
        'archive.days': 30,
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
  );

  it('would fail on what those rules find', () => {
    const app = new App({ outdir: join(OUT, 'bad') });
    new Bucket(new Stack(app, 'Bad'), 'Bucket');
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).toThrow(/AwsSolutions-S1/);
  });
});
