import { availableParallelism } from 'node:os';
import vm from 'node:vm';

// `npx jest` and an IDE's runner get here too. Without this check every test fails with a syntax
// error.
if (Number.parseInt(process.versions.node, 10) < 24 || vm.SourceTextModule === undefined) {
  throw new Error(
    `Tests need Node 24 or later with --experimental-vm-modules; this is Node ${process.versions.node}. ` +
      'Run `npm test -- <path>`, which uses the Node of node_modules, ' +
      'or set NODE_OPTIONS=--experimental-vm-modules with Node 24.',
  );
}

/**
 * Tests are ES modules that SWC compiles; `npm test` starts Jest with Node's module support
 * switched on.
 */
export default {
  testEnvironment: 'node',
  // One more than there are cores: long tests mostly wait and use two thirds of them.
  maxWorkers: availableParallelism() + 1,
  // Tests wait for conditions; this only ends a test that hangs, also on a machine that does other
  // work beside.
  testTimeout: 300_000,
  testSequencer: '<rootDir>/test/longest-first.js',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/cdk.out', '<rootDir>/.local'],
};
