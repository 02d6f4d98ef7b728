/**
 * Signature Version 4 for the requests of the functions (AWS reference “Create a signed AWS API request”): the very
 * header that the SDK's own signer makes, which a test holds against it, for a fifth of its CPU time. The SDK's signer
 * makes a key of the same secrets at each request, and two hashes by way of streams.
 */
import { hash } from 'node:crypto';
import type { AwsCredentialIdentity, HttpRequest } from '@smithy/types';
import { HmacSha256 } from '../domain/hmac-sha256.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** Headers that may change on their way, or that AWS says are not to be signed. */
const UNSIGNED = new Set(['authorization', 'connection', 'expect', 'user-agent', 'x-amzn-trace-id']);

interface SignedHeaders {
  readonly names: readonly string[];
  readonly signedHeaders: string;
}

/** Signs for one service and region with credentials that do not change: on Lambda those of the environment. */
export class RequestSigner {
  readonly #credentials: AwsCredentialIdentity;
  readonly #region: string;
  readonly #service: string;
  readonly #signed = new Map<string, SignedHeaders>();
  #second = Number.NaN;
  #time = '';
  #day = '';
  #keyOfDay: HmacSha256 | undefined;

  constructor(service: string, region: string, credentials: AwsCredentialIdentity) {
    this.#service = service;
    this.#region = region;
    this.#credentials = credentials;
  }

  /**
   * Sets the request's date, session token and authorization. The request is a POST to the root path without a query,
   * as all JSON services of AWS take them, its header names in lower case, its values without space around them.
   */
  sign(request: HttpRequest, nowMs: number): void {
    const { headers } = request;
    const time = this.#timeOf(nowMs);
    const day = time.slice(0, 8);
    const { accessKeyId, sessionToken } = this.#credentials;
    headers['x-amz-date'] = time;
    if (sessionToken !== undefined) headers['x-amz-security-token'] = sessionToken;
    const { names, signedHeaders } = this.#signedOf(headers);
    let canonicalHeaders = '';
    for (const name of names) canonicalHeaders += `${name}:${headers[name]}\n`;
    const canonical = `POST\n/\n\n${canonicalHeaders}\n${signedHeaders}\n${hash('sha256', request.body)}`;
    const scope = `${day}/${this.#region}/${this.#service}/aws4_request`;
    const text = `${ALGORITHM}\n${time}\n${scope}\n${hash('sha256', canonical)}`;
    const signature = this.#keyFor(day).digest(Buffer.from(text)).toString('hex');
    headers.authorization = `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  }

  /** `YYYYMMDD'T'HHMMSS'Z'`, made once a second. */
  #timeOf(nowMs: number): string {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = new Date(second * 1_000).toISOString().replace(/[-:]|\.\d{3}/g, '');
    }
    return this.#time;
  }

  /** Which headers are signed, in their order: found once for requests that have the same. */
  #signedOf(headers: Readonly<Record<string, string>>): SignedHeaders {
    const all = Object.keys(headers);
    const key = all.join(';');
    const known = this.#signed.get(key);
    if (known !== undefined) return known;
    const names = all.filter((name) => !UNSIGNED.has(name)).sort();
    const signed = { names, signedHeaders: names.join(';') };
    this.#signed.set(key, signed);
    return signed;
  }

  #keyFor(day: string): HmacSha256 {
    if (this.#keyOfDay !== undefined && this.#day === day) return this.#keyOfDay;
    const key = [day, this.#region, this.#service, 'aws4_request'].reduce<Buffer>(
      (secret, part) => new HmacSha256(secret).digest(Buffer.from(part)),
      Buffer.from(`AWS4${this.#credentials.secretAccessKey}`),
    );
    this.#day = day;
    this.#keyOfDay = new HmacSha256(key);
    return this.#keyOfDay;
  }
}
