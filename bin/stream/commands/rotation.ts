/**
 * Gives stream and pipeline a new secret without a refused delivery. Everything that it knows is in
 * Secrets Manager: run again, it goes on with what it finds there, whatever the run before was
 * interrupted in.
 *
 * AWSPENDING put → wait until all of ingest knows it → the stream signs with it → a delivery signed
 * with it has arrived → AWSCURRENT moved to it → AWSPENDING taken away.
 */
import { createHash, randomBytes } from 'node:crypto';
import { UserError } from '../../../cli/user-error.ts';
import { signingKeyFrom } from '../../../lambdas/domain/delivery/signature.ts';
import type { TargetPipeline } from '../pipeline-source.ts';
import type { SecretVersion } from '../secret/secret-versions.ts';

/** Ports and settings of a rotation. */
export interface RotationDependencies {
  readonly pipeline: Pick<TargetPipeline, 'secrets' | 'secretUse' | 'secretKnownAfterMs' | 'lookEveryMs'>;
  /** Makes every stream that delivers to the pipeline sign with this secret; safe to repeat. */
  readonly giveToStreams: (secret: string) => Promise<void>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Longest wait for a delivery signed with the new secret. */
  readonly timeoutMs: number;
  /** Called with the text of each step. */
  readonly onStep: (text: string) => void;
}

/** Result of a rotation. */
export type RotationOutcome =
  /** The new secret is the current one. */
  | { readonly kind: 'rotated'; readonly uses: number }
  /**
   * Another run, before or beside this one, had all but finished: its last label was taken away.
   */
  | { readonly kind: 'finished' }
  /**
   * The stream signs with the new secret, and nothing has arrived yet. Run again, it goes on
   * waiting.
   */
  | { readonly kind: 'nothing_arrived' };

/** Deliveries are counted up to here: enough to be sure, and to say that there are many. */
const USES_SHOWN_MAX = 1_000;

const WAIT_TOLD_EVERY_MS = 10_000;

/**
 * Begins or goes on. A second AWSPENDING is never made, by this run or by another one beside it.
 */
export async function rotateSecret(deps: RotationDependencies): Promise<RotationOutcome> {
  const { secrets, secretKnownAfterMs } = deps.pipeline;
  const { stages } = await secrets.describe();
  const currentId = stages.get('AWSCURRENT');
  if (currentId === undefined)
    throw new UserError('The stream secret has no value: deploy the stack, or start the pipeline.');
  if (stages.get('AWSPENDING') === currentId) {
    await secrets.moveStage('AWSPENDING', { from: currentId });
    return { kind: 'finished' };
  }
  if (stages.has('AWSPREVIOUS'))
    deps.onStep('the previous secret is not accepted any more once this rotation has ended');
  const { pending, madeAtMs } = await pendingVersion(deps, currentId, stages.has('AWSPENDING'));
  await waitUntil(deps, madeAtMs + secretKnownAfterMs, 'until all of ingest knows the new secret');
  deps.onStep('giving the new secret to the stream');
  await deps.giveToStreams(pending.value);
  // No sender had the secret before this: what an environment that lags behind logs as pending is
  // an earlier one.
  const uses = await waitForUse(deps, pending.createdAtMs + secretKnownAfterMs);
  if (uses === 0) return { kind: 'nothing_arrived' };
  return (await promote(deps, pending.versionId, currentId)) ? { kind: 'rotated', uses } : { kind: 'finished' };
}

/** Makes the pending version the current one; false where another run was faster. */
async function promote({ pipeline }: RotationDependencies, pendingId: string, currentId: string): Promise<boolean> {
  const { stages } = await pipeline.secrets.describe();
  const first = stages.get('AWSCURRENT') !== pendingId;
  if (first) await pipeline.secrets.moveStage('AWSCURRENT', { to: pendingId, from: currentId });
  if (first || stages.get('AWSPENDING') === pendingId)
    await pipeline.secrets.moveStage('AWSPENDING', { from: pendingId });
  return first;
}

/**
 * The pending version: the one that is there, or a new one. `madeAtMs` is by the clock of this
 * machine where it was made here and now: that one and Secrets Manager's may be minutes apart.
 */
async function pendingVersion(
  deps: RotationDependencies,
  currentId: string,
  exists: boolean,
): Promise<{ readonly pending: SecretVersion; readonly madeAtMs: number }> {
  const { secrets } = deps.pipeline;
  const madeNow = !exists && (await addPending(deps, currentId));
  const nowMs = deps.now();
  if (exists) deps.onStep('going on with the secret that is pending already');
  const pending = await secrets.read('AWSPENDING');
  if (pending === undefined)
    throw new UserError('The pending secret has gone: somebody else works on it. Run this again.');
  if (signingKeyFrom(pending.value) === undefined) {
    throw new UserError(
      `The pending secret (version ${pending.versionId}) is not 64 hex digits. Take its label away, and run this again:\n` +
        `  aws secretsmanager update-secret-version-stage --secret-id <StreamSecretArn> --version-stage AWSPENDING --remove-from-version-id ${pending.versionId}`,
    );
  }
  return { pending, madeAtMs: madeNow ? nowMs : pending.createdAtMs };
}

/** True if a new version was made. */
async function addPending(deps: RotationDependencies, currentId: string): Promise<boolean> {
  const { secrets } = deps.pipeline;
  const versionId = nextVersionId(currentId);
  const added = await secrets.addPending(versionId, randomBytes(32).toString('hex'));
  if (added === 'added') {
    deps.onStep('made a new secret; ingest accepts it besides the old one');
    return true;
  }
  // Another run was faster; or a rotation was given up by taking its label away, and is taken up
  // again.
  const { stages } = await secrets.describe();
  if (!stages.has('AWSPENDING')) await secrets.moveStage('AWSPENDING', { to: versionId });
  deps.onStep('going on with a rotation that was begun before');
  return false;
}

/**
 * The version that follows `currentId`: always the same, so that two runs at once cannot make two.
 * Secrets Manager refuses a second value for it.
 */
function nextVersionId(currentId: string): string {
  return createHash('sha256').update(`after ${currentId}`).digest('hex');
}

type Waiting = Pick<RotationDependencies, 'now' | 'sleep' | 'onStep'>;

async function waitUntil(deps: Waiting, atMs: number, what: string): Promise<void> {
  for (let leftMs = atMs - deps.now(); leftMs > 0; leftMs = atMs - deps.now()) {
    deps.onStep(`waiting ${Math.ceil(leftMs / 1_000)} s, ${what}`);
    await deps.sleep(Math.min(leftMs, WAIT_TOLD_EVERY_MS));
  }
}

/** Counts the deliveries signed with the pending secret; 0 if none arrived within the time. */
async function waitForUse(deps: RotationDependencies, sinceMs: number): Promise<number> {
  const { secretUse, lookEveryMs } = deps.pipeline;
  const endsAtMs = deps.now() + deps.timeoutMs;
  for (let looks = 1; ; looks += 1) {
    const uses = await secretUse.usesSince({ stage: 'AWSPENDING', sinceMs, enough: USES_SHOWN_MAX });
    if (uses > 0 || deps.now() >= endsAtMs) return uses;
    if (looks === 1) deps.onStep(`waiting up to ${deps.timeoutMs / 1_000} s for a delivery signed with the new secret`);
    await deps.sleep(Math.min(lookEveryMs, Math.max(1, endsAtMs - deps.now())));
  }
}

/** Result of removing the previous secret. */
export type RetirementOutcome =
  | { readonly kind: 'retired' }
  | { readonly kind: 'nothing_to_retire' }
  | { readonly kind: 'rotation_under_way' }
  /** Deliveries signed with it still arrive. */
  | { readonly kind: 'in_use'; readonly uses: number; readonly withinMs: number };

/**
 * Removes AWSPREVIOUS once all of ingest knows it, and if no delivery signed with it has arrived
 * for as long again. Not while a rotation is under way. With `force` at once, also while it is
 * used: it has leaked.
 */
export async function retireSecret(
  deps: Waiting & Pick<RotationDependencies, 'pipeline'> & { readonly force: boolean },
): Promise<RetirementOutcome> {
  const { secrets, secretUse, secretKnownAfterMs } = deps.pipeline;
  const { stages, changedAtMs } = await secrets.describe();
  const previous = stages.get('AWSPREVIOUS');
  if (stages.has('AWSPENDING')) return { kind: 'rotation_under_way' };
  if (previous === undefined) return { kind: 'nothing_to_retire' };
  if (!deps.force) {
    await waitUntil(deps, changedAtMs + 2 * secretKnownAfterMs, 'to see whether the previous secret is still used');
    const sinceMs = deps.now() - secretKnownAfterMs;
    const uses = await secretUse.usesSince({ stage: 'AWSPREVIOUS', sinceMs, enough: USES_SHOWN_MAX });
    if (uses > 0) return { kind: 'in_use', uses, withinMs: secretKnownAfterMs };
  }
  await secrets.moveStage('AWSPREVIOUS', { from: previous });
  return { kind: 'retired' };
}
