/**
 * What stands in the bundles for two parts of the SDK that Lambda never reaches: the search for credentials on a
 * developer's machine, and event streams, which none of our services has. Left in, they are a third of a bundle, and
 * keep the bundler from leaving out more. `lib/bundled-function.ts` puts this file in their place.
 */

/** In place of `@aws-sdk/credential-provider-node`: the clients are given the credentials of the environment. */
export function defaultProvider(): () => Promise<never> {
  return () => Promise.reject(new Error('a client was made without credentials: lambdas/aws/clients.ts gives them'));
}

/** In place of `@smithy/core/event-streams`. */
export class EventStreamSerde {
  constructor() {
    throw new Error('no operation that is used here has an event stream');
  }
}
