/** The state table: every event's row, every contact's, the circuit's. */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, ProjectionType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { QUARANTINE_INDEX } from '../lambdas/domain/event/event-key.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import { storageKey } from './storage-key.ts';

/**
 * On demand by default, with point-in-time recovery; protected from deletion, and kept when the
 * stack is deleted.
 */
export class StateTable extends Construct {
  readonly table: Table;

  constructor(scope: Construct, id: string, config: PipelineConfig) {
    super(scope, id);
    const { tableCapacity, indexCapacity } = config;
    const encryptionKey = storageKey(this, config);
    this.table = new Table(this, 'Table', {
      ...(config.tableName === undefined ? {} : { tableName: config.tableName }),
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiresAt',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      // Encrypted with a key that AWS owns: no charge for each call, and no key policy that can
      // lock the table.
      ...(encryptionKey === undefined
        ? { encryption: TableEncryption.DEFAULT }
        : { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
      deletionProtection: true,
      // Not RetainExceptOnCreate: the rollback of a failed first deployment cannot delete a
      // protected table.
      removalPolicy: RemovalPolicy.RETAIN,
      ...(tableCapacity === undefined
        ? { billingMode: BillingMode.PAY_PER_REQUEST }
        : {
            billingMode: BillingMode.PROVISIONED,
            readCapacity: tableCapacity.readUnits,
            writeCapacity: tableCapacity.writeUnits,
          }),
    });
    this.table.addGlobalSecondaryIndex({
      indexName: QUARANTINE_INDEX,
      partitionKey: { name: 'reason', type: AttributeType.STRING },
      sortKey: { name: 'settledAtMs', type: AttributeType.NUMBER },
      projectionType: ProjectionType.ALL,
      // An index that lags behind its capacity throttles writes to the table.
      ...(indexCapacity === undefined
        ? {}
        : { readCapacity: indexCapacity.readUnits, writeCapacity: indexCapacity.writeUnits }),
    });
  }
}
