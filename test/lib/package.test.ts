/** The package as a user installs it into an empty CDK app. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const APP_DIR = realpathSync(mkdtempSync(join(tmpdir(), 'empty-cdk-app-')));
const MODULES = join(APP_DIR, 'node_modules');

const EXAMPLE_DIR = join(PROJECT_DIR, 'examples/cdk-app');

const node = (...args: readonly string[]) =>
  execFileSync(process.execPath, args, { cwd: APP_DIR, encoding: 'utf8', stdio: 'pipe' });

beforeAll(() => {
  // Built apart from the working tree: a pack in it would leave `dist` behind.
  node(
    join(PROJECT_DIR, 'node_modules/typescript/bin/tsc'),
    '-p',
    join(PROJECT_DIR, 'tsconfig.build.json'),
    '--outDir',
    join(APP_DIR, 'package/dist'),
  );
  writeFileSync(join(APP_DIR, 'package/package.json'), readFileSync(join(PROJECT_DIR, 'package.json')));
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', APP_DIR];
  const packed = execFileSync('npm', pack, { cwd: join(APP_DIR, 'package'), encoding: 'utf8', stdio: 'pipe' });
  const [{ filename }] = JSON.parse(packed) as [{ readonly filename: string }];
  const installed = join(MODULES, 'genesys-crm-pipeline');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(APP_DIR, filename), '--strip-components=1', '-C', installed]);
  // The dependencies that `npm install` would put there.
  for (const name of readdirSync(join(PROJECT_DIR, 'node_modules')))
    symlinkSync(join(PROJECT_DIR, 'node_modules', name), join(MODULES, name));
  writeFileSync(join(APP_DIR, 'package-lock.json'), '{"lockfileVersion":3,"packages":{}}');
  cpSync(EXAMPLE_DIR, APP_DIR, { recursive: true });
});

afterAll(() => rmSync(APP_DIR, { recursive: true, force: true }));

describe('the packed construct in the example app', () => {
  it('is what the documentation shows', () => {
    const documentation = readFileSync(join(PROJECT_DIR, 'docs/construct.md'), 'utf8');
    expect(documentation).toContain(`\`\`\`ts\n${readFileSync(join(EXAMPLE_DIR, 'app.ts'), 'utf8')}\`\`\``);
  });

  it('type-checks strictly', () => {
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024'];
    expect(node(join(MODULES, 'typescript/bin/tsc'), ...options, '--types', 'node', 'app.ts', 'mapping.ts')).toBe('');
  });

  it('synthesizes the pipeline and what the app adds to it', () => {
    const env = { PATH: process.env.PATH, CDK_OUTDIR: join(APP_DIR, 'cdk.out') };
    execFileSync(process.execPath, ['app.ts'], { cwd: APP_DIR, env, stdio: 'pipe' });
    const template = JSON.parse(readFileSync(join(APP_DIR, 'cdk.out/Contacts.template.json'), 'utf8')) as {
      readonly Resources: Readonly<Record<string, { readonly Type: string }>>;
      readonly Outputs: Readonly<Record<string, unknown>>;
    };
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(5);
    expect(types.filter((type) => type === 'AWS::SQS::Queue')).toHaveLength(2);
    expect(types).toContain('AWS::SNS::Subscription');
    expect(template.Outputs).toHaveProperty('WebhookUrl');
    expect(JSON.stringify(template)).toContain('Contacts-QuarantineNotEmpty');
  });
});
