/** A delivery's body as JSON. */

/** Made once: a decoder takes longer to make than a body to decode. */
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/** A body's JSON, or why it is not JSON. Never throws. */
export function parseJson(
  body: Uint8Array,
): { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'invalid'; readonly reason: string } {
  try {
    return { kind: 'json', value: JSON.parse(strictUtf8.decode(body)) };
  } catch (error) {
    const reason =
      error instanceof SyntaxError ? 'the body is not JSON' : 'the body is not UTF-8 JSON that can be read';
    return { kind: 'invalid', reason };
  }
}

/** True if `value` is a JSON object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
