/** Requests as anybody may send them, and what each has to be answered. */
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { type SigningKey, sign } from '../../lambdas/domain/delivery/signature.ts';
import { BODY_BYTES_MAX, hostileBody, hostileText } from './hostile-bodies.ts';

/**
 * A request: its body, the signature header where there is one, and other headers and a query,
 * which change nothing.
 */
export interface HostileRequest {
  readonly body: Uint8Array;
  readonly signature: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
}

/** Signature of a request. `right` is the valid one. */
const FORGERIES: readonly ((right: string, body: Uint8Array) => string | undefined)[] = [
  () => undefined,
  () => '',
  (right) => ` ${right} `,
  (right) => `${right},${right}`,
  (right) => `sha256=${right}`,
  (right) => right.slice(0, -1),
  (right) => `${right}=`,
  (right) => right.replace(/\+/g, '-').replace(/\//g, '_').replace(/=$/, ''),
  (right) => right.toLowerCase(),
  (right) => Buffer.from(right, 'base64').toString('hex'),
  (right) => right.replace(/./, (first) => (first === 'A' ? 'B' : 'A')),
  (_, body) => createHmac('sha256', '').update(body).digest('base64'),
  (_, body) => createHmac('sha256', Buffer.alloc(32)).update(body).digest('base64'),
  () => `${'A'.repeat(43)}=`,
  () => 'A'.repeat(8_000),
  () => '__proto__',
];

/** The HTTP API takes 10 KB of headers in all. */
const HEADER_MAX = 2_000;

/** Values that HTTP lets a header have. */
function asHeaderValue(text: string): string {
  return text
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .trim()
    .slice(0, HEADER_MAX);
}

const headers = fc.record(
  {
    'content-type': fc.constantFrom(
      ...['application/json', 'application/json; charset=utf-16', 'text/plain', 'application/octet-stream', ';', ''],
      ...['multipart/form-data; boundary=x', 'application/x-www-form-urlencoded', 'text/html;charset=latin1'],
    ),
    'content-encoding': fc.constantFrom('gzip', 'br', 'identity', '', 'x'.repeat(500)),
    'x-forwarded-for': hostileText.map(asHeaderValue),
    cookie: fc.constantFrom('a=b; c=d', '=', '__proto__=x', ';;;'),
    authorization: hostileText.map(asHeaderValue),
    constructor: fc.constant('x'),
    'x-http-method-override': fc.constantFrom('GET', 'DELETE'),
    'x-genesys-cloud-signature-2': fc.constant('A'.repeat(44)),
  },
  { requiredKeys: [] },
);

const query = fc.constantFrom(
  '',
  '',
  '',
  '?',
  '?a=1&a=2',
  '?constructor=1&__proto__=2',
  '?%ff=%',
  `?${'q'.repeat(4_000)}`,
);

/** Requests, about half of them signed rightly with one of the keys. */
export function hostileRequest(keys: readonly SigningKey[], nowMs: number): fc.Arbitrary<HostileRequest> {
  const signing = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...keys).map((key) => (body: Uint8Array) => sign(body, key)) },
    {
      weight: 4,
      arbitrary: fc.tuple(fc.constantFrom(...keys), fc.constantFrom(...FORGERIES)).map(
        ([key, forge]) =>
          (body: Uint8Array) =>
            forge(sign(body, key), body),
      ),
    },
    { weight: 1, arbitrary: hostileText.map((text) => () => asHeaderValue(text)) },
    // Signature of another body: one bit differs.
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom(...keys), fc.nat()).map(([key, bit]) => (body: Uint8Array) => {
        const other = body.byteLength === 0 ? new Uint8Array(1) : Uint8Array.from(body);
        const at = bit % (other.byteLength * 8);
        other[at >> 3] = (other[at >> 3] ?? 0) ^ (1 << (at & 7));
        return sign(other, key);
      }),
    },
  );
  return fc
    .tuple(hostileBody(nowMs), signing, headers, query)
    .map(([body, signatureOf, others, query]) => ({ body, signature: signatureOf(body), headers: others, query }));
}

/** Required response if secret and queue are available. */
export function expectedStatus(
  { body, signature }: HostileRequest,
  keys: readonly SigningKey[],
): 202 | 400 | 401 | 413 {
  if (body.byteLength > BODY_BYTES_MAX) return 413;
  // A header that can be no signature costs no encoding of the body.
  if (signature === undefined || !/^[A-Za-z0-9+/]{43}=$/.test(signature)) return 401;
  if (travelsInBytes(body) > BODY_BYTES_MAX) return 413;
  const isSigned = keys.some((key) => createHmac('sha256', key).update(body).digest('base64') === signature);
  if (!isSigned) return 401;
  return body.byteLength === 0 ? 400 : 202;
}

/** Length of the body in a message: as it is, or in Base64 if SQS would change it. */
function travelsInBytes(body: Uint8Array): number {
  if (body.byteLength > BODY_BYTES_MAX) return body.byteLength;
  const text = Buffer.from(body).toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(body);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what is looked for
  const isCarried = !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text);
  return isText && isCarried ? body.byteLength : 4 * Math.ceil(body.byteLength / 3);
}
