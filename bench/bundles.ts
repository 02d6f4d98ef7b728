/**
 * The bundles that are compared: ours as the stack ships them, the peers' by the same bundler with
 * the same options.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { type Assembly, synthesize } from '../local/cloudformation/synthesize.ts';
import { PROJECT_DIR } from '../local/settings.ts';

/** One bundle. */
export interface Bundle {
  readonly file: string;
  readonly bytes: number;
}

/** Configuration of the processor that makes three requests for an event, as fast as it can. */
export const HUBSPOT_CONTEXT = { 'crm.connector': 'hubspot', 'crm.rate': 'none' } as const;

/** Our functions, by the beginning of their construct's id. */
export type OurFunction = 'Ingest' | 'Processor';

/** Peers of our bundles. */
export type Peer = 'ingest-plain' | 'ingest-floor' | 'processor-powertools' | 'bare';

/** Synthesizes the stack, as a deployment does, and answers its functions' bundles. */
export async function ourBundles(
  outputDir: string,
  context: Readonly<Record<string, string>> = { 'crm.baseUrl': 'https://crm.example.com' },
): Promise<Readonly<Record<OurFunction, Bundle>>> {
  const assembly = await synthesize(context, outputDir, new AbortController().signal);
  return { Ingest: bundleOf(assembly, 'Ingest'), Processor: bundleOf(assembly, 'Processor') };
}

function bundleOf({ template, assetDirectory }: Assembly, name: OurFunction): Bundle {
  const [id, resource] =
    Object.entries(template.Resources).find(
      ([key, { Type }]) => Type === 'AWS::Lambda::Function' && key.startsWith(`${name}Function`),
    ) ?? [];
  const { S3Key } = (resource?.Properties?.Code ?? {}) as { readonly S3Key?: string };
  const directory = assetDirectory(S3Key ?? '');
  if (directory === undefined) throw new Error(`the stack has no bundle of ${id ?? name}`);
  return sized(join(directory, 'index.js'));
}

/** Bundles a peer with everything in it, minified, as an ES module: what ours began with. */
export async function peerBundle(peer: Peer, outputDir: string): Promise<Bundle> {
  const outfile = join(outputDir, peer, 'index.mjs');
  await build({
    absWorkingDir: PROJECT_DIR,
    entryPoints: [`bench/peers/${peer}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    mainFields: ['module', 'main'],
    minify: true,
    keepNames: true,
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return sized(outfile);
}

function sized(file: string): Bundle {
  return { file, bytes: statSync(file).size };
}
