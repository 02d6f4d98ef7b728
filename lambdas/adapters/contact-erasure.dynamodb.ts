/** Erases rows of a contact. Each write is conditional on the row as it was read. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DeleteCommand, type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { ContactRow } from '../domain/idempotency/contact-row.ts';
import { PERSONAL_ATTRIBUTES } from '../domain/idempotency/erasure.ts';
import type { KeyedRow } from '../ports.ts';

/** A contact's row under its key. */
export interface KeyedContact {
  readonly key: string;
  readonly row: ContactRow;
}

/** Result of a write. `changed`: the row is no longer as it was read, and nothing was written. */
export type ErasureResult = 'erased' | 'changed';

/** For a person's command: rejects if DynamoDB does not answer. */
export class DynamoDbContactErasure {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Reads contacts, strongly consistent. At most 100; those without a row are left out. */
  async readContacts(keys: readonly string[]): Promise<KeyedContact[]> {
    const request = { Keys: keys.map((pk) => ({ pk })), ConsistentRead: true };
    const { Responses, UnprocessedKeys } = await this.#client.send(
      new BatchGetCommand({ RequestItems: { [this.#table]: request } }),
    );
    if ((UnprocessedKeys?.[this.#table]?.Keys ?? []).length > 0)
      throw new Error('DynamoDB left rows of contacts unread');
    return (Responses?.[this.#table] ?? []).map(({ pk, ...row }) => ({ key: String(pk), row: row as ContactRow }));
  }

  /** Deletes the row unless an attempt has claimed the contact since. */
  deleteContact({ key, row }: KeyedContact, nowMs: number): Promise<ErasureResult> {
    const { newest, unsettled } = row;
    const command = new DeleteCommand({
      TableName: this.#table,
      Key: { pk: key },
      ConditionExpression: [
        '(attribute_not_exists(holder) OR leaseExpiresAtMs <= :now)',
        newest === undefined ? 'attribute_not_exists(newest)' : 'newest = :newest',
        unsettled === undefined ? 'attribute_not_exists(unsettled)' : 'unsettled = :unsettled',
      ].join(' AND '),
      ExpressionAttributeValues: {
        ':now': nowMs,
        ...(newest === undefined ? {} : { ':newest': newest }),
        ...(unsettled === undefined ? {} : { ':unsettled': unsettled }),
      },
    });
    return this.#write(() => this.#client.send(command));
  }

  /** Removes what is personal from a final event's row, which stays against repeated deliveries. */
  eraseEvent({ key, row }: KeyedRow): Promise<ErasureResult> {
    const names = PERSONAL_ATTRIBUTES.map((name, index) => [`#a${index}`, name] as const);
    const command = new UpdateCommand({
      TableName: this.#table,
      Key: { pk: key },
      ConditionExpression: '#status = :status AND #owner = :owner',
      UpdateExpression: `REMOVE ${names.map(([placeholder]) => placeholder).join(', ')}`,
      ExpressionAttributeNames: { ...Object.fromEntries(names), '#status': 'status', '#owner': 'owner' },
      ExpressionAttributeValues: { ':status': row.status, ':owner': row.owner },
    });
    return this.#write(() => this.#client.send(command));
  }

  async #write(send: () => Promise<unknown>): Promise<ErasureResult> {
    try {
      await send();
      return 'erased';
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return 'changed';
      throw error;
    }
  }
}
