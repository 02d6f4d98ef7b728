/** The variables that a process needs to run at all. */

const NEEDED = process.platform === 'win32' ? ['PATH', 'SystemRoot', 'TEMP'] : ['PATH', 'TMPDIR'];

/**
 * Those of this process. Nothing else of the developer's environment, which may hold secrets, is
 * passed on.
 */
export function systemVariables(): Record<string, string> {
  return Object.fromEntries(
    NEEDED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
