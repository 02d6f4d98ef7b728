/** Loads a mapping as the processor's bundle has it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { MappingModule } from '../../lambdas/domain/crm/mapping.ts';
import type { CrmConfig } from '../../lib/crm-config.ts';
import { mappingAliases } from '../../lib/mapping-file.ts';

/** The mapping that the configuration chooses. */
export async function loadMapping(crm: CrmConfig): Promise<MappingModule> {
  const directory = mkdtempSync(join(tmpdir(), 'mapping-'));
  const outfile = join(directory, 'mapping.mjs');
  try {
    await build({
      stdin: { contents: "export * from '#crm-mapping';", resolveDir: process.cwd() },
      alias: mappingAliases(crm),
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'error',
    });
    return (await import(pathToFileURL(outfile).href)) as MappingModule;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
