/**
 * Deliveries of the fake Genesys Cloud: events for its enabled streams, signed with the secret that
 * each has at that moment.
 */
import { randomInt } from 'node:crypto';
import { Agent } from 'node:http';
import { sign, signingKeyFrom } from '../../lambdas/domain/delivery/signature.ts';
import { eventKey } from '../../lambdas/domain/event/event-key.ts';
import { sendDeliveries, webhookDelivery } from '../send/delivery-sender.ts';
import { generateEvent, type SignedEvent } from '../send/send-events.ts';
import type { FakeGenesys } from './fake-genesys.ts';

/** Deliveries to send. */
export interface SendRequest {
  /** Events for each enabled stream. */
  readonly count: number;
  /** Events a second; undefined: as fast as they are answered. */
  readonly ratePerSecond?: number;
}

/** Result. */
export interface SendSummary {
  readonly streams: number;
  readonly sent: number;
  readonly accepted: number;
  /** Number of final refusals, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** Number of secrets used for signing; more than one if a secret was replaced meanwhile. */
  readonly secrets: number;
}

const CONNECTIONS = 8;

/**
 * Sends, and resolves when every delivery has ended. The routing rules are not looked at: every
 * event is sent.
 */
export async function sendForStreams(genesys: FakeGenesys, request: SendRequest): Promise<SendSummary> {
  const refused: Record<string, number> = {};
  const secrets = new Set<string>();
  const streams = genesys.streams.filter(({ enabled }) => enabled);
  let sent = 0;
  let accepted = 0;
  const agent = new Agent({ keepAlive: true });
  await Promise.all(
    streams.map(({ id, destination }) => {
      const secret = () => {
        const current = genesys.streams.find((stream) => stream.id === id)?.destination.secret ?? destination.secret;
        secrets.add(current);
        return current;
      };
      const events = eventsSignedLater(request.count, secret);
      const deliver = webhookDelivery(destination.url, agent);
      const options = { deliver, connections: CONNECTIONS, ratePerSecond: request.ratePerSecond };
      return sendDeliveries(events, options, (_, outcome) => {
        sent += 1;
        if (outcome.kind === 'accepted') accepted += 1;
        else refused[outcome.status] = (refused[outcome.status] ?? 0) + 1;
      });
    }),
  );
  agent.destroy();
  return { streams: streams.length, sent, accepted, refused, secrets: secrets.size };
}

function eventsSignedLater(count: number, secret: () => string): SignedEvent[] {
  const run = randomInt(10_000);
  const nowMs = Date.now();
  return Array.from({ length: count }, (_, index) => {
    const phone = `+1${String(run).padStart(4, '0')}${String(index).padStart(6, '0')}`;
    return new EventSignedLater(generateEvent(index, new Date(nowMs + index).toISOString(), phone), secret);
  });
}

/**
 * Signed at its first try, with what the secret is then; a further try carries the same signature.
 */
class EventSignedLater implements SignedEvent {
  readonly body: Buffer;
  readonly rowKey: string;
  readonly eventId: string;
  readonly #secret: () => string;
  #signature: string | undefined;

  constructor(event: { readonly eventBridgeEventId: string }, secret: () => string) {
    this.body = Buffer.from(JSON.stringify(event));
    this.eventId = event.eventBridgeEventId;
    this.rowKey = eventKey(this.eventId);
    this.#secret = secret;
  }

  get signature(): string {
    if (this.#signature === undefined) {
      const key = signingKeyFrom(this.#secret());
      this.#signature = key === undefined ? '' : sign(this.body, key);
    }
    return this.#signature;
  }
}
