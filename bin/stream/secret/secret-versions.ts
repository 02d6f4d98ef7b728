/**
 * The stream secret's versions in Secrets Manager, on AWS or in the local pipeline: the same calls.
 */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { UserError } from '../../../cli/user-error.ts';
import type { SecretStage } from '../../../lambdas/domain/delivery/signature.ts';
import { askAws } from '../aws-failure.ts';

/** One version. `value` is for the stream and for nothing else. */
export interface SecretVersion {
  readonly versionId: string;
  readonly value: string;
  readonly createdAtMs: number;
}

/** Reads and moves the versions of one secret. Every method is safe to repeat. */
export class SecretVersions {
  readonly #client: SecretsManagerClient;
  readonly #secretId: string;

  constructor(client: SecretsManagerClient, secretId: string) {
    this.#client = client;
    this.#secretId = secretId;
  }

  /** Which version has which stage, and when anything of the secret was last changed. */
  async describe(): Promise<{ readonly stages: ReadonlyMap<string, string>; readonly changedAtMs: number }> {
    const { VersionIdsToStages = {}, LastChangedDate } = await askAws(
      'look at the stream secret',
      'secretsmanager:DescribeSecret',
      () => this.#client.send(new DescribeSecretCommand({ SecretId: this.#secretId })),
    );
    const stages = Object.entries(VersionIdsToStages).flatMap(([id, labels]) =>
      labels.map((label) => [label, id] as const),
    );
    return { stages: new Map(stages), changedAtMs: LastChangedDate?.getTime() ?? 0 };
  }

  /** The version of a stage; undefined if it does not exist. */
  async read(stage: SecretStage): Promise<SecretVersion | undefined> {
    const command = new GetSecretValueCommand({ SecretId: this.#secretId, VersionStage: stage });
    return askAws('read the stream secret', 'secretsmanager:GetSecretValue', async () => {
      try {
        const { VersionId = '', SecretString = '', CreatedDate } = await this.#client.send(command);
        return { versionId: VersionId, value: SecretString, createdAtMs: CreatedDate?.getTime() ?? 0 };
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
        throw error;
      }
    });
  }

  /**
   * Adds `value` as AWSPENDING under this version id; `taken` where a version has the id already,
   * with another value.
   */
  async addPending(versionId: string, value: string): Promise<'added' | 'taken'> {
    const command = new PutSecretValueCommand({
      SecretId: this.#secretId,
      SecretString: value,
      ClientRequestToken: versionId,
      VersionStages: ['AWSPENDING'],
    });
    return askAws('add a version to the stream secret', 'secretsmanager:PutSecretValue', async () => {
      try {
        await this.#client.send(command);
        return 'added';
      } catch (error) {
        if (error instanceof Error && error.name === 'ResourceExistsException') return 'taken';
        throw error;
      }
    });
  }

  /**
   * Moves a stage. What loses AWSCURRENT becomes AWSPREVIOUS, as Secrets Manager does
   * automatically.
   */
  async moveStage(stage: SecretStage, move: { readonly to?: string; readonly from?: string }): Promise<void> {
    const command = new UpdateSecretVersionStageCommand({
      SecretId: this.#secretId,
      VersionStage: stage,
      MoveToVersionId: move.to,
      RemoveFromVersionId: move.from,
    });
    await askAws(`move ${stage} of the stream secret`, 'secretsmanager:UpdateSecretVersionStage', () =>
      this.#client.send(command),
    );
  }

  /** The version that the stream is given. Refused where the secret has none. */
  async current(): Promise<SecretVersion> {
    const version = await this.read('AWSCURRENT');
    if (version === undefined)
      throw new UserError('The stream secret has no value: deploy the stack, or start the pipeline.');
    return version;
  }
}
