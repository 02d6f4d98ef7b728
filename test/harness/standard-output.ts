/** Captures standard output and standard error. */

/**
 * Runs `act` and answers the lines that it wrote to either. Nothing else may be writing meanwhile.
 */
export function linesWrittenBy(act: () => void): string[] {
  const streams = [process.stdout, process.stderr].map((stream) => ({ stream, write: stream.write }));
  let written = '';
  for (const { stream } of streams) {
    stream.write = ((text: string | Uint8Array) => {
      written += typeof text === 'string' ? text : Buffer.from(text).toString('utf8');
      return true;
    }) as typeof stream.write;
  }
  try {
    act();
  } finally {
    for (const { stream, write } of streams) stream.write = write;
  }
  return written.split('\n').filter((line) => line !== '');
}
