/**
 * The sender: delivers each event to ingest, in its own order, until it is accepted; and once more
 * now and then.
 */
import { sign } from '../../../lambdas/domain/delivery/signature.ts';
import { SIGNATURE_PROFILES } from '../../../lambdas/domain/delivery/signature-profiles.ts';
import { acceptDelivery } from '../../../lambdas/ingest/accept-delivery.ts';
import { MemoryStreamSecret, RotatingSecret } from '../../harness/fakes/stream-secret.memory.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { Action } from './actions.ts';
import { ingestPorts } from './ports.ts';
import type { Scene } from './scene.ts';
import { isReplayed, START_MS, type WorkEvent } from './workload.ts';

/** After which the sender tries again. */
const PAUSE_MS = 20_000;

/** The sender, and ingest's environment with its cache of the secret. */
export class Sender {
  readonly #scene: Scene;
  readonly #mutation: Mutation;
  readonly #secret = new RotatingSecret();
  readonly #ingestSecret: MemoryStreamSecret;
  readonly #toSend: { readonly event: WorkEvent; readonly dueMs: number }[];

  constructor(scene: Scene, deliveries: readonly WorkEvent[], mutation: Mutation) {
    this.#scene = scene;
    this.#mutation = mutation;
    this.#ingestSecret = new MemoryStreamSecret(this.#secret, scene.clock, scene.limits);
    this.#toSend = deliveries.map((event) => ({ event, dueMs: START_MS }));
  }

  /** When something is due to be delivered. */
  get dueMs(): readonly number[] {
    return this.#toSend.map(({ dueMs }) => dueMs);
  }

  /** Possible actions of the sender. */
  actions(): Action[] {
    const next = this.#toSend.find(({ dueMs }) => dueMs <= this.#scene.clock.now());
    const first = (due: NonNullable<typeof next>): Action => ({
      name: `${due.event.name} is delivered`,
      kind: 'begins',
      act: () => {
        this.#toSend.splice(this.#toSend.indexOf(due), 1);
        this.#deliver(due.event);
      },
    });
    const delivered = this.#scene.events.filter(({ name }) => !isReplayed(name));
    const again = delivered.map(
      (event): Action => ({
        name: `${event.name} is delivered once more`,
        kind: 'sent_again',
        act: () => this.#deliver(event),
      }),
    );
    const rotation: Action = {
      name: 'the secret is rotated',
      kind: 'secret_rotated',
      act: () => this.#secret.rotate(),
    };
    return [...(next === undefined ? [] : [first(next)]), ...again, ...(this.#toSend.length > 0 ? [rotation] : [])];
  }

  #deliver(event: WorkEvent): void {
    const { limits, clock, accepted } = this.#scene;
    const invocation = this.#scene.begin('ingest', `ingest of ${event.name}`, limits.ingestFunctionTimeoutMs);
    // Refused, in doubt, or no answer at all: the sender tries again as long as it takes.
    const sendAgain = () => void this.#toSend.push({ event, dueMs: clock.now() + PAUSE_MS });
    invocation.onDeath(sendAgain);
    const ports = ingestPorts(this.#scene, invocation, this.#ingestSecret);
    const deps = this.#mutation.ingest?.(ports) ?? ports;
    const body = new TextEncoder().encode(event.body);
    const signature = sign(body, this.#secret.current());
    const delivery = { profile: SIGNATURE_PROFILES['genesys-webhook'], body, signature };
    void acceptDelivery(delivery, deps).then((outcome) => {
      if (invocation.state !== 'running') return;
      invocation.end();
      if (outcome.kind === 'accepted') accepted.add(event.name);
      else sendAgain();
    });
  }
}
