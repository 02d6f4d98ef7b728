import { availableParallelism } from 'node:os';

/** Tests are ES modules run through SWC; `npm test` starts jest with Node's module support switched on. */
export default {
  testEnvironment: 'node',
  // One more than there are cores: most of what takes long is waiting, and uses two thirds of them.
  maxWorkers: availableParallelism() + 1,
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
