/** What code writes to standard output, caught. */

/** Runs `act` and answers the lines that it wrote. Nothing else may be writing meanwhile. */
export function linesWrittenBy(act: () => void): string[] {
  const { write } = process.stdout;
  let written = '';
  process.stdout.write = ((text: string | Uint8Array) => {
    written += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
    return true;
  }) as typeof write;
  try {
    act();
  } finally {
    process.stdout.write = write;
  }
  return written.split('\n').filter((line) => line !== '');
}
