/**
 * Which way imports may go. Each rule says why; `npm run imports` holds them.
 * handler → use case → domain and ports; adapters → ports and domain.
 */
const LAMBDAS = '^lambdas/(ingest|processor|redrive|replay|operations)/';

/** The folders of `local/`, lowest first. A folder imports only from those before it, and from the shared files. */
const LOCAL_LAYERS = [
  'processes|http',
  'secrets|lambda|sqs|dynamodb|crm|archive',
  'send|api-gateway',
  'genesys|cloudformation',
  'console',
];
const SHARED_LOCAL_FILES = '^local/(settings|pipeline-file|local-clients|data-dir)\\.ts$';

/** One rule a layer: its folders import neither each other nor a layer above. */
const localLayerRules = LOCAL_LAYERS.map((folders, layer) => ({
  name: `local-${folders.replaceAll('|', '-')}-imports-lower-layers`,
  comment: 'Folders that import upwards or sideways cannot be understood or replaced one at a time.',
  severity: 'error',
  from: { path: `^local/(${folders})/` },
  to: {
    path: '^local/',
    pathNot: ['^local/$1/', SHARED_LOCAL_FILES, ...LOCAL_LAYERS.slice(0, layer).map((lower) => `^local/(${lower})/`)],
  },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one subject, or one of them has two.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment:
        'The rules must run in a simulation, on every clock and on any technology: no SDK, no environment, no file. ' +
        'Of Node only hashing and bytes, of packages only those for schemas and phone numbers.',
      severity: 'error',
      from: { path: '^lambdas/domain/' },
      to: { pathNot: ['^lambdas/domain/', '^(node:)?(crypto|buffer)$', '^node_modules/(zod|libphonenumber-js)/'] },
    },
    {
      name: 'ports-know-the-domain-only',
      comment: 'A port that names a technology is an adapter.',
      severity: 'error',
      from: { path: '^lambdas/ports\\.ts$' },
      to: { pathNot: '^lambdas/domain/' },
    },
    {
      name: 'mapping-knows-the-domain-only',
      comment: 'It is the user’s file: what it decides must be the same at every attempt, so it may not look around.',
      severity: 'error',
      from: { path: '^lambdas/crm-mapping\\.ts$' },
      to: { pathNot: '^lambdas/(domain|connectors)/' },
    },
    {
      name: 'connectors-are-pure',
      comment: 'What a CRM is asked, and what its responses mean, must be testable without it: no effect, no client.',
      severity: 'error',
      from: { path: '^lambdas/connectors/' },
      to: { pathNot: ['^lambdas/(domain|connectors)/', '^(node:)?(crypto|buffer)$'] },
    },
    {
      name: 'adapters-know-ports-and-domain-only',
      comment:
        'An adapter that needs another one, or a use case, cannot be replaced by itself. What bounds a call is no adapter, ' +
        'and neither is the form in which one writes and another reads.',
      severity: 'error',
      from: { path: '^lambdas/adapters/' },
      to: {
        path: '^(lambdas|lib|local|bin|test|bench)/',
        pathNot: '^lambdas/(domain/|ports\\.ts$|(within-budget|archive-object)\\.ts$)',
      },
    },
    {
      name: 'clients-are-made-for-handlers',
      comment:
        'How the SDK is used is one subject: it knows the environment’s variables, and only a handler makes clients.',
      severity: 'error',
      from: { path: '^lambdas/', pathNot: '^lambdas/(aws-(clients|request-handler)\\.ts$|[^/]+/handler\\.ts$)' },
      to: { path: '^lambdas/aws-(clients|request-handler)\\.ts$' },
    },
    {
      name: 'clients-know-no-use-case',
      comment: 'A client that knows what it is used for is an adapter.',
      severity: 'error',
      from: { path: '^lambdas/aws-(clients|request-handler)\\.ts$' },
      to: {
        path: '^(lambdas|lib|local|bin|test|bench)/',
        pathNot: '^lambdas/aws-request-handler\\.ts$',
      },
    },
    {
      name: 'use-cases-know-no-technology',
      comment:
        'What a use case needs it gets as a port; only the handler builds adapters. cockatiel is a rule, not an effect.',
      severity: 'error',
      from: { path: LAMBDAS, pathNot: '/(handler|env)\\.ts$' },
      to: {
        path: ['^node_modules/', '^(node:)', '^lambdas/(adapters/|aws-clients\\.ts|environment\\.ts|crm-mapping\\.ts)'],
        pathNot: ['^node_modules/cockatiel/', '^node_modules/@types/', '^node:(crypto|buffer)$'],
      },
    },
    {
      name: 'env-is-a-contract',
      comment: 'The construct writes it, the handler reads it: it must load anywhere, so it needs nothing but limits.',
      severity: 'error',
      from: { path: '^lambdas/[^/]+/env\\.ts$' },
      to: { pathNot: '^lambdas/(domain/|environment\\.ts$)' },
    },
    {
      name: 'handlers-are-not-imported',
      comment: 'A handler reads the environment and holds state as it is loaded. Only a bundle begins with one.',
      severity: 'error',
      from: {},
      to: { path: '^lambdas/[^/]+/handler\\.ts$' },
    },
    {
      name: 'no-lambda-imports-a-sibling',
      comment: 'What two functions share is domain, a port or an adapter.',
      severity: 'error',
      from: { path: '^lambdas/(ingest|processor|redrive|operations)/' },
      to: { path: '^lambdas/(ingest|processor|redrive|operations)/', pathNot: '^lambdas/$1/' },
    },
    {
      name: 'lambdas-stand-alone',
      comment: 'What runs in AWS must not bring infrastructure, local tools or tests along.',
      severity: 'error',
      from: { path: '^lambdas/' },
      to: { path: '^(lib|bin|local|test|bench)/' },
    },
    {
      name: 'lib-knows-contracts-only',
      comment:
        'The infrastructure needs the functions’ environment contracts, the limits, the names of rows and objects, the tables of senders ' +
        'and connectors, and that of metrics (an alarm on a name that no code emits would never go off), not their code.',
      severity: 'error',
      // The package's exports include the mapping's types.
      from: { path: '^lib/', pathNot: '^lib/index\\.ts$' },
      to: {
        path: '^(lambdas|local|bin|test|bench)/',
        pathNot:
          '^lambdas/([^/]+/env\\.ts$|connectors/connectors\\.ts$|domain/(limits|limit-arithmetic|limit-relations|event/event-key|replay/archive-keys|telemetry/metrics|delivery/signature-profiles|crm/(connector|request-rate))\\.ts$)',
      },
    },
    {
      name: 'local-follows-the-template',
      comment: 'The local pipeline brings up what the template says; knowing the constructs it could drift from it.',
      severity: 'error',
      from: { path: '^local/' },
      to: { path: '^(lib|bin|test|bench)/' },
    },
    ...localLayerRules,
    {
      name: 'cli-stands-alone',
      comment: 'Every command imports it; it must not bring the pipeline along.',
      severity: 'error',
      from: { path: '^cli/' },
      to: { path: '^(bin|lib|lambdas|local|test|bench)/' },
    },
    {
      name: 'commands-find-the-local-pipeline',
      comment:
        'A command for what is deployed works on the local pipeline too. It may know how that one is found and how the ' +
        'user is told of trouble, but not how it is brought up: what it does there must be what it does on AWS.',
      severity: 'error',
      from: { path: '^bin/(redrive|event|limits|stream)(\\.ts$|/)' },
      to: {
        path: '^local/',
        pathNot: '^local/(pipeline-file|settings|local-clients)\\.ts$',
      },
    },
    {
      name: 'shipped-code-needs-no-test',
      comment: 'Tests and benches look at everything; nothing looks at them.',
      severity: 'error',
      from: { path: '^(bin|cli|lib|lambdas|local)/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'shipped-code-has-its-packages',
      comment: 'A Lambda or a deployment that needs a development dependency works here and nowhere else.',
      severity: 'error',
      from: { path: '^(lib|lambdas)/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'npm-optional'],
        // A peer dependency is the user's app's.
        dependencyTypesNot: ['type-only', 'npm-peer'],
      },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that does not resolve is not checked by any rule above.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-orphans',
      comment:
        'A module that nothing reaches is dead, or a forgotten test. Only package.json names the check of Node.js, only the bundler reaches the bench’s peers, and what ' +
        'stands in for parts of the SDK.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '^bin/', '^bench/peers/', '^local/console/browser\\.js$', '^cli/check-node\\.js$'],
      },
      to: {},
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6', 'cjs'],
    detectProcessBuiltinModuleCalls: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
