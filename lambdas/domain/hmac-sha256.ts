/** HMAC-SHA256 (RFC 2104, FIPS 198-1) under a key that is used again and again. */
import { hash } from 'node:crypto';

/** What SHA-256 takes at once, in bytes. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/**
 * A key, ready for use. The same as `createHmac` of `node:crypto`, against which a property test holds it, for half of
 * its time: that makes an object of a class and a handle of OpenSSL for each message, this is two hashes of bytes.
 */
export class HmacSha256 {
  readonly #inner: Buffer;
  /** The outer block, and room for the inner digest behind it. */
  readonly #outer: Buffer;

  constructor(key: Uint8Array) {
    const short = key.byteLength > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
    this.#inner = Buffer.alloc(BLOCK_BYTES, 0x36);
    this.#outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
    for (const [at, byte] of short.entries()) {
      this.#inner[at] = byte ^ 0x36;
      this.#outer[at] = byte ^ 0x5c;
    }
  }

  /** The 32 bytes. */
  digest(message: Uint8Array): Buffer {
    const inner = hash('sha256', Buffer.concat([this.#inner, message]), 'buffer');
    inner.copy(this.#outer, BLOCK_BYTES);
    return hash('sha256', this.#outer, 'buffer');
  }
}
