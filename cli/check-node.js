/**
 * Loaded before each command: one sentence instead of an error about `.ts` files where the
 * project's own Node.js is missing. It must run on the oldest Node.js that a user may have.
 */
const [major] = process.versions.node.split('.');

if (Number(major) < 24) {
  process.stderr.write(
    `This is Node.js ${process.versions.node}, and commands need the Node.js 24 that npm ci installs with the project: ` +
      'its install script has not run. Run npm ci without --ignore-scripts, or: npm rebuild node\n',
  );
  process.exit(1);
}
