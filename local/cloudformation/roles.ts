/** Roles of the stack's resources, derived from the environment variables of its functions. */

import { UserError } from '../../cli/user-error.ts';
import { ALL_PROFILES, type SignatureProfile } from '../../lambdas/domain/delivery/signature-profiles.ts';
import { secretKnownAfterMs } from '../../lambdas/domain/limit-arithmetic.ts';
import type { Limits } from '../../lambdas/domain/limits.ts';
import { readIngestEnvironment } from '../../lambdas/ingest/env.ts';
import { readProcessorEnvironment } from '../../lambdas/processor/env.ts';
import { readRedriveEnvironment } from '../../lambdas/redrive/env.ts';
import { isReplayEnvironment } from '../../lambdas/replay/env.ts';
import type { FunctionSpec } from '../lambda/execution-environment.ts';
import type { LocalStack } from './template.ts';

/** The parts that the project's commands and messages name. */
export interface Roles {
  readonly ingest: FunctionSpec;
  readonly processor: FunctionSpec;
  readonly redrive: FunctionSpec;
  /** Undefined: the stack has no archive. */
  readonly replay: FunctionSpec | undefined;
  readonly deliveryQueueUrl: string;
  readonly quarantineUrl: string;
  readonly stateTable: string;
  /** Senders, and the secret of each. */
  readonly senders: readonly { readonly profile: SignatureProfile; readonly secretArn: string }[];
  readonly quarantineIndex: string;
  readonly limits: Limits;
  readonly streamSecretArn: string;
  readonly crmTokenSecretArn: string;
  readonly digestKeySecretArn: string;
  /** Longest time until ingest knows a new version of the stream secret. */
  readonly secretKnownAfterMs: number;
}

/**
 * Reads the roles: ingest is what the first route leads to, the processor what the first event
 * source feeds, redrive what a schedule invokes to recover.
 */
export function rolesIn(stack: LocalStack): Roles {
  const route = stack.routes[0];
  const ingest = functionWith(stack, route?.functionArn, 'a route of the HTTP API');
  const processor = functionWith(stack, stack.eventSources[0]?.functionArn, 'an event source mapping');
  const recovery = stack.schedules.find(
    ({ input }) => (input as { action?: unknown } | undefined)?.action === 'recover',
  );
  const redrive = functionWith(stack, recovery?.functionArn, 'a schedule for recovery');
  const received = readIngestEnvironment(ingest.environment);
  const delivered = readProcessorEnvironment(processor.environment);
  return {
    ingest,
    processor,
    redrive,
    replay: stack.functions.find(({ environment }) => isReplayEnvironment(environment)),
    deliveryQueueUrl: received.deliveryQueueUrl,
    quarantineUrl: delivered.quarantineUrl,
    stateTable: delivered.stateTableName,
    senders: ALL_PROFILES.flatMap((profile) => {
      const secretArn = received.secretArns[profile.name];
      return secretArn === undefined ? [] : [{ profile, secretArn }];
    }),
    streamSecretArn: received.secretArns['genesys-webhook'],
    quarantineIndex: readRedriveEnvironment(redrive.environment).quarantineIndexName,
    limits: delivered.limits,
    crmTokenSecretArn: delivered.crmTokenSecretArn,
    digestKeySecretArn: delivered.digestKeySecretArn,
    secretKnownAfterMs: secretKnownAfterMs(received.limits),
  };
}

function functionWith(stack: LocalStack, arn: string | undefined, trigger: string): FunctionSpec {
  const found = stack.functions.find((candidate) => candidate.arn === arn);
  if (found === undefined) throw new UserError(`The template has no function with ${trigger}.`);
  return found;
}
