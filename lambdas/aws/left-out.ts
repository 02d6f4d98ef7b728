/**
 * What stands in the bundles for the parts of the SDK that the functions never reach: the search for credentials on a
 * developer's machine; event streams, which none of our services has; and what the clients of `lambdas/aws` do in a way
 * of their own. Left in, they are half of a bundle, of which Node compiles every byte at each cold start, and keep the
 * bundler from leaving out more. `lib/bundled-function.ts` puts this file in their place.
 */

/** In place of `@aws-sdk/credential-provider-node`: the clients are given the credentials of the environment. */
export function defaultProvider(): () => Promise<never> {
  return () =>
    Promise.reject(new Error('a client was made without credentials: lambdas/aws/client-config.ts gives them'));
}

/** In place of `@smithy/core/event-streams`. */
export class EventStreamSerde {
  constructor() {
    throw new Error('no operation that is used here has an event stream');
  }
}

/** In place of `@smithy/node-http-handler`: the clients are given a handler, which is taken as it is. */
export const NodeHttpHandler = { create: <Handler>(given: Handler): Handler => given };

/** In place of the same: a `BoundedRequestHandler` has read the answer already. */
export function streamCollector(): never {
  throw new Error('an answer came as a stream: lambdas/aws/request-handler.ts reads it to its end');
}

/** In place of `@smithy/signature-v4`: a `RequestSigner` signs. */
export class SignatureV4 {
  constructor() {
    throw new Error('a client signs by itself: lambdas/aws/bounded-sending.ts does it');
  }
}

/** In place of `@smithy/core/checksum`. */
export class Sha256 {
  constructor() {
    throw new Error('nothing here hashes by the SDK');
  }
}

/** In place of the same: of SQS's answers no digest is looked at. */
export class Md5 {
  constructor() {
    throw new Error('nothing here hashes by the SDK');
  }
}
