/** Tests are ES modules run through SWC; `npm test` starts jest with Node's module support switched on. */
export default {
  testEnvironment: 'node',
  // Not one less than there are cores, which on two would be one: most of what takes long is waiting.
  maxWorkers: '100%',
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
