/**
 * The id of a replay, in the `replay` attribute of its messages. Events that are sent again under
 * one id are processed once; under another id, once more.
 */
export function isReplayId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9-]{1,40}$/.test(value);
}
