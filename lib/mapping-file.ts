/** The mapping that is bundled with the processor: the user's file, or the connector's. */
import { createRequire } from 'node:module';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as typescript from 'typescript';
import { CONNECTORS } from '../lambdas/connectors/connectors.ts';
import type { Connector } from '../lambdas/domain/crm/connector.ts';

/**
 * The directory of `lambdas/`: of its sources here, of its JavaScript where the package is
 * installed.
 */
const LAMBDAS = fileURLToPath(new URL('../lambdas/', import.meta.url));
const EXTENSION = extname(import.meta.url);

/** A connector by its name, and the user's mapping. */
export interface MappingChoice {
  readonly connector: string;
  readonly mappingFile?: string;
}

/** The module that mapping files import. */
const MAPPING_API = 'genesys-crm-pipeline/mapping';

/**
 * Files that the bundler takes for the processor's import of the mapping, and for the mapping's
 * import of ours.
 */
export function mappingAliases({ connector, mappingFile }: MappingChoice): Readonly<Record<string, string>> {
  const shipped = connector === 'rest' ? 'crm-mapping' : `connectors/${connector}/mapping`;
  return {
    '#crm-mapping': mappingFile ?? `${LAMBDAS}${shipped}${EXTENSION}`,
    [MAPPING_API]: `${LAMBDAS}mapping${EXTENSION}`,
  };
}

const ACTIONS: ReadonlySet<string> = new Set(Object.values(CONNECTORS).flatMap(({ actions }: Connector) => actions));

type TypeScript = typeof typescript;

/** Checked besides the file itself: that it exports what the processor needs. */
function probe(mappingFile: string): string {
  const path = JSON.stringify(mappingFile);
  return `import type { MappingModule } from ${JSON.stringify(MAPPING_API)};
import * as mapping from ${path};
mapping satisfies MappingModule;
`;
}

/**
 * Type-checks the user's mapping by the compiler that their project has, or ours, and looks for
 * actions that the connector does not have. Returns one line for each problem; none if there is no
 * compiler, as in a project of JavaScript.
 */
export function problemsWithMapping(mappingFile: string, { actions }: Connector): readonly string[] {
  const ts = compilerFor(mappingFile);
  if (ts === undefined) return [];
  const options = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowJs: true,
    allowImportingTsExtensions: true,
    target: ts.ScriptTarget.ESNext,
    lib: ['lib.esnext.d.ts'],
    module: ts.ModuleKind.NodeNext,
    ...nodeTypes(),
    paths: { [MAPPING_API]: [`${LAMBDAS}mapping${EXTENSION === '.ts' ? '.ts' : '.d.ts'}`] },
  };
  const host = ts.createCompilerHost(options);
  const probePath = `${mappingFile}.probe.mts`;
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (path) => (path === probePath ? probe(mappingFile) : readFile(path));
  host.fileExists = (path) => path === probePath || fileExists(path);
  const program = ts.createProgram([mappingFile, probePath], options, host);
  // Our own files are checked where they are made.
  const found = ts.getPreEmitDiagnostics(program).filter(({ file }) => file?.fileName.startsWith(LAMBDAS) !== true);
  const faults = found.map(({ file, start = 0, messageText }) => {
    const text = ts.flattenDiagnosticMessageText(messageText, ' ');
    return file === undefined || file.fileName === probePath ? text : `${placeIn(file, start)}: ${text}`;
  });
  const source = program.getSourceFile(mappingFile);
  const literals = source === undefined ? [] : actionLiterals(ts, source);
  const supported = actions.join(', ');
  const unsupported = literals
    .filter(({ text }) => !actions.some((action) => action === text))
    .map(({ at, text }) => `${at}: the action ${text}, which crm.connector does not have (it has ${supported})`);
  return [...faults, ...unsupported];
}

function placeIn(file: typescript.SourceFile, position: number): string {
  const { line, character } = file.getLineAndCharacterOfPosition(position);
  return `${file.fileName}:${line + 1}:${character + 1}`;
}

/**
 * The actions that the file writes as literals: `kind: 'log-call'`. Others are found when the event
 * is processed.
 */
function actionLiterals(ts: TypeScript, source: typescript.SourceFile) {
  const found: { readonly text: string; readonly at: string }[] = [];
  const visit = (node: typescript.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText(source) === 'kind' && ts.isStringLiteral(node.initializer)) {
      const { text } = node.initializer;
      if (ACTIONS.has(text)) found.push({ text, at: placeIn(source, node.initializer.getStart(source)) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function nodeTypes(): { readonly types: string[]; readonly typeRoots?: string[] } {
  try {
    const path = createRequire(import.meta.url).resolve('@types/node/package.json');
    return { types: ['node'], typeRoots: [dirname(dirname(path))] };
  } catch {
    return { types: [] };
  }
}

function compilerFor(mappingFile: string): TypeScript | undefined {
  for (const base of [mappingFile, import.meta.url]) {
    try {
      return createRequire(base)('typescript') as TypeScript;
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}
