/**
 * Senders and their signatures: one row for each sender. The route of a delivery chooses the row,
 * never a header, so that a client cannot choose the weaker check. A new sender is a row here, and
 * test vectors.
 */
import { type SigningKey, signingKeyFrom, textSigningKeyFrom } from './signature.ts';

/** One sender's contract. */
export interface SignatureProfile {
  /** The `source` attribute of its envelopes. */
  readonly name: ProfileName;
  /** Name in Genesys Cloud: “the <called>”. */
  readonly label: string;
  /**
   * Path of its route. The version is ours: the contract behind it may change with the next one.
   */
  readonly path: string;
  /** The signature's header, in lower case as HTTP APIs deliver header names. */
  readonly header: string;
  /** Text before the signature's Base64 in that header. */
  readonly prefix: string;
  /** Makes the key from the secret's text; `wants` describes a valid text. */
  readonly key: { readonly from: (secret: string) => SigningKey | undefined; readonly wants: string };
  /** The field of the body that names the event. */
  readonly identity: string;
  /**
   * Names of the sender's resources in the stack. They must not change between deployments: the
   * secret is kept, and the URL is in the sender's settings.
   */
  readonly stack: { readonly secretId: string; readonly secretVariable: string; readonly urlOutput: string };
  /** The configuration key that deploys it, with its description; absent: always deployed. */
  readonly enabledBy?: { readonly configKey: SenderKey; readonly about: string };
}

/** The name of a sender's contract. */
export type ProfileName = 'genesys-webhook' | 'genesys-open-messaging';

/** A configuration key that switches a sender on. */
export type SenderKey = 'openMessaging';

const HEX_KEY = { from: signingKeyFrom, wants: '64 hex digits' };
const TEXT_KEY = { from: textSigningKeyFrom, wants: 'a non-blank text' };

/** The table. */
export const SIGNATURE_PROFILES = {
  'genesys-webhook': {
    name: 'genesys-webhook',
    label: 'stream',
    path: '/v1/eventbridge/genesys',
    header: 'x-genesys-cloud-signature',
    prefix: '',
    key: HEX_KEY,
    identity: 'eventBridgeEventId',
    stack: { secretId: 'StreamSecret', secretVariable: 'STREAM_SECRET_ARN', urlOutput: 'WebhookUrl' },
  },
  // “Validate webhook notifications” of Genesys' Open Messaging guide: sha256= and Base64, the
  // token as it stands.
  'genesys-open-messaging': {
    name: 'genesys-open-messaging',
    label: 'Open Messaging integration',
    path: '/v1/open-messaging/genesys',
    header: 'x-hub-signature-256',
    prefix: 'sha256=',
    key: TEXT_KEY,
    identity: 'id',
    stack: {
      secretId: 'OpenMessagingSecret',
      secretVariable: 'OPEN_MESSAGING_SECRET_ARN',
      urlOutput: 'OpenMessagingUrl',
    },
    enabledBy: {
      configKey: 'openMessaging',
      about: 'whether Open Messaging webhooks are taken, on a route of their own',
    },
  },
} as const satisfies { readonly [Name in ProfileName]: SignatureProfile & { readonly name: Name } };

/** Every row. */
export const ALL_PROFILES: readonly SignatureProfile[] = Object.values(SIGNATURE_PROFILES);

/** The HTTP API's key of the profile's route, for example `POST /v1/eventbridge/genesys`. */
export function routeKeyOf({ path }: SignatureProfile): string {
  return `POST ${path}`;
}
