/** Name of an error in a log: enough to look it up, without anything that it may quote. */

/**
 * The error's code (`ECONNREFUSED`), else its name (`TimeoutError`). Messages are left out: they
 * may hold data or secrets.
 */
export function errorName(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'unknown error';
  const { name, code, $metadata } = error as {
    readonly name?: unknown;
    readonly code?: unknown;
    readonly $metadata?: { readonly httpStatusCode?: unknown };
  };
  // The SDK could not parse an error response: its status says more than the parser.
  if (name === 'SyntaxError' && $metadata?.httpStatusCode !== undefined)
    return `HTTP ${Number($metadata.httpStatusCode)}, no JSON`;
  if (name === 'AbortError' || name === 'TimeoutError') return 'timeout';
  if (typeof code === 'string' && code !== '') return code;
  return typeof name === 'string' && name !== '' ? name : 'unknown error';
}
