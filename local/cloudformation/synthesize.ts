/** Synthesizes the stack as the CDK CLI would, and reads the cloud assembly. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../cli/user-error.ts';
import { systemVariables } from '../processes/system-variables.ts';
import { PROJECT_DIR } from '../settings.ts';
import type { Template } from './template.ts';

/** The synthesized stack. */
export interface Assembly {
  readonly stackName: string;
  readonly template: Template;
  /** The directory of the asset that a function's code names by its key in the asset bucket. */
  assetDirectory(objectKey: string): string | undefined;
}

interface Manifest {
  readonly artifacts: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly properties?: Readonly<Record<string, unknown>>;
        readonly additionalMetadataFile?: string;
      }
    >
  >;
}

type Metadata = Readonly<Record<string, readonly { readonly type: string; readonly data?: unknown }[]>>;

interface AssetManifest {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}

/**
 * Outside the CDK CLI, CDK reports an error annotation as an exception with its stack trace:
 * `readAssembly` reads it.
 */
const WITHOUT_TRACE = { '@aws-cdk/core:annotationsInValidationReport': false };

/** The context in cdk.json. */
export function cdkJsonContext(): Readonly<Record<string, unknown>> {
  const cdkJson = JSON.parse(readFileSync(join(PROJECT_DIR, 'cdk.json'), 'utf8')) as {
    readonly context?: Readonly<Record<string, unknown>>;
  };
  return cdkJson.context ?? {};
}

/**
 * Runs the CDK app with `context` put over that of cdk.json. What the app complains of is shown as
 * it is.
 */
export async function synthesize(
  context: Readonly<Record<string, string>>,
  outputDir: string,
  stopSignal: AbortSignal,
): Promise<Assembly> {
  rmSync(outputDir, { recursive: true, force: true });
  await runApp(
    {
      CDK_OUTDIR: outputDir,
      CDK_CONTEXT_JSON: JSON.stringify({ ...cdkJsonContext(), ...WITHOUT_TRACE, ...context }),
    },
    stopSignal,
  );
  return readAssembly(outputDir);
}

function runApp(variables: Readonly<Record<string, string>>, stopSignal: AbortSignal): Promise<void> {
  const app = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'bin/app.ts'], {
    cwd: PROJECT_DIR,
    env: { ...systemVariables(), ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: stopSignal,
    killSignal: 'SIGKILL',
  });
  const output: Buffer[] = [];
  app.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  app.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  return new Promise((resolve, reject) => {
    app.once('error', reject);
    app.once('close', (code) => {
      const said = Buffer.concat(output).toString('utf8').trim();
      if (code === 0) resolve();
      else reject(new UserError(said || `The stack cannot be synthesized: bin/app.ts ended with code ${code}.`));
    });
  });
}

/** Reads the one stack of a cloud assembly. */
export function readAssembly(directory: string): Assembly {
  const manifest = readJson<Manifest>(join(directory, 'manifest.json'));
  const stacks = Object.entries(manifest.artifacts).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const [name, stack] = stacks[0] ?? [];
  if (name === undefined || stack === undefined || stacks.length > 1) {
    throw new UserError(`The app must synthesize one stack to run on this machine; it has ${stacks.length}.`);
  }
  const metadata = stack.additionalMetadataFile;
  const errors = metadata === undefined ? [] : errorsIn(readJson<Metadata>(join(directory, metadata)));
  if (errors.length > 0) throw new UserError(errors.join('\n\n'));
  const directories = assetDirectories(directory, manifest);
  return {
    stackName: String(stack.properties?.stackName ?? name),
    template: readJson<Template>(join(directory, String(stack.properties?.templateFile))),
    assetDirectory: (objectKey) => directories.get(objectKey),
  };
}

/** Errors that the app has put on its constructs, where the CDK CLI looks for them too. */
function errorsIn(metadata: Metadata): string[] {
  return Object.values(metadata)
    .flat()
    .filter(({ type }) => type === 'aws:cdk:error')
    .map(({ data }) => String(data));
}

function assetDirectories(directory: string, manifest: Manifest): Map<string, string> {
  const assets = Object.values(manifest.artifacts).filter(({ type }) => type === 'cdk:asset-manifest');
  const entries = assets.flatMap((asset) => {
    const { files } = readJson<AssetManifest>(join(directory, String(asset.properties?.file)));
    return Object.values(files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, join(directory, source.path)] as const),
    );
  });
  return new Map(entries);
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}
