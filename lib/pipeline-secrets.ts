/**
 * The secrets: one for each sender, made here for Genesys, and the CRM token, made by the CRM for
 * here.
 */
import { RemovalPolicy, SecretValue, Validations } from 'aws-cdk-lib';
import { Secret, type SecretProps } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { ProfileName, SignatureProfile } from '../lambdas/domain/delivery/signature-profiles.ts';
import { UNSET_CRM_TOKEN } from '../lambdas/processor/env.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import { storageKey } from './storage-key.ts';

/** The secret of each sender that may deliver. */
export type SenderSecrets = Readonly<Record<'genesys-webhook', Secret> & Partial<Record<ProfileName, Secret>>>;

/** All stay when the stack is deleted: events in quarantine outlive it, and need them. */
export class PipelineSecrets extends Construct {
  /** Each exactly 64 lower-case hex digits, made by CloudFormation; nobody has seen them. */
  readonly senders: SenderSecrets;
  /**
   * Holds a placeholder until the token is pasted; a later deployment does not touch what was
   * pasted.
   */
  readonly crmToken: Secret;

  readonly #encryption: Pick<SecretProps, 'encryptionKey'>;

  constructor(scope: Construct, id: string, config: PipelineConfig) {
    super(scope, id);
    const { profiles } = config;
    const encryptionKey = storageKey(this, config);
    this.#encryption = encryptionKey === undefined ? {} : { encryptionKey };
    const senders = profiles.map((profile) => [profile.name, this.#senderSecret(profile)] as const);
    this.senders = Object.fromEntries(senders) as SenderSecrets;
    this.crmToken = new Secret(this, 'CrmToken', {
      ...this.#encryption,
      description: 'Bearer token of the CRM: paste it here',
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      // A placeholder, not a secret: the processor knows it, and says that the token is missing.
      secretStringValue: SecretValue.unsafePlainText(UNSET_CRM_TOKEN),
    });
    Validations.of(this.crmToken).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'The token is issued by the CRM: it is replaced when the CRM issues another.',
    });
  }

  #senderSecret({ label: called, key, stack }: SignatureProfile): Secret {
    const secret = new Secret(this, stack.secretId, {
      ...this.#encryption,
      description: `Signs the deliveries of the Genesys Cloud ${called}: ${key.wants}`,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      generateSecretString: {
        passwordLength: 64,
        excludeUppercase: true,
        excludePunctuation: true,
        excludeCharacters: 'ghijklmnopqrstuvwxyz',
        includeSpace: false,
        // Or a secret without any letter could not be made, which is as good as another.
        requireEachIncludedType: false,
      },
    });
    Validations.of(secret).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'Rotation has to reach Genesys Cloud too: Secrets Manager alone would only break the signature.',
    });
    return secret;
  }
}
