/** SNS topic that alarms notify. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/** Encrypted, takes TLS only, and only from alarms of this account. */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(
    scope: Construct,
    id: string,
    { email, encryptionKey }: { readonly email: string | undefined; readonly encryptionKey: IKey | undefined },
  ) {
    super(scope, id);
    const alarms = new ServicePrincipal('cloudwatch.amazonaws.com');
    const ofThisAccount = { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } };
    const key = encryptionKey ?? this.#key(alarms, ofThisAccount);
    this.topic = new Topic(this, 'Topic', { masterKey: key, enforceSSL: true });
    // With a policy of its own the topic no longer takes everything from its account.
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [alarms],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
        conditions: ofThisAccount,
      }),
    );
    if (email !== undefined) this.topic.addSubscription(new EmailSubscription(email));
  }

  /** CloudWatch may not use the key that SNS has for everybody. */
  #key(alarms: ServicePrincipal, ofThisAccount: Record<string, Record<string, string>>): Key {
    const key = new Key(this, 'Key', {
      description: 'Encrypts alarm notifications in transit',
      enableKeyRotation: true,
      pendingWindow: Duration.days(7),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [alarms],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: ofThisAccount,
      }),
    );
    return key;
  }
}
