/** Finds quarantined messages whose bodies contain a number or a text. */
import { SqsQuarantineQueue } from '../../lambdas/adapters/quarantine-queue.sqs.ts';
import { decodeEnvelope } from '../../lambdas/domain/delivery/envelope.ts';
import { contactAddressFrom } from '../../lambdas/domain/event/contact-address.ts';
import type { QuarantineReason } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { scanQuarantine } from '../../lambdas/redrive/scan-quarantine.ts';
import type { EventTarget } from './target.ts';

/** A message that contains it. */
export interface FoundMessage {
  readonly messageId: string;
  readonly eventId: string | undefined;
  readonly reason: QuarantineReason;
}

/** The messages, or why not all of them were read. */
export interface FoundMessages {
  readonly messages: readonly FoundMessage[];
  readonly incomplete?: string;
}

/** Fewer digits would be found in every time and id. */
const DIGITS_MIN = 7;
const SEPARATORS = /(?<=\d)[\s().\-/]+(?=\d)/g;

/** True if a text has the number in any spelling, or contains what was given. */
export function mentions(text: string, given: string): boolean {
  const address = contactAddressFrom(given) ?? given;
  const digits = address.replace(/\D/g, '');
  const isNumber = digits.length >= DIGITS_MIN && /^\+?[\d\s().\-/]+$/.test(address);
  if (text.includes(given) || text.includes(address)) return true;
  return isNumber && text.replace(SEPARATORS, '').includes(digits);
}

/**
 * Receives every message of quarantine and releases it again: redrive and recovery wait for them
 * meanwhile.
 */
export async function findInQuarantine(target: EventTarget, given: string, budgetMs: number): Promise<FoundMessages> {
  const nothing = { sendBatch: async () => ({ positions: new Set<number>() }) };
  const quarantine = new SqsQuarantineQueue(target.sqs, target.quarantineUrl, DEFAULT_LIMITS.storeBudgetMs, nothing);
  const messages: FoundMessage[] = [];
  const ending = await scanQuarantine(
    {
      onBatch: async (events) => {
        for (const { held, eventId, reason } of events)
          if (mentions(Buffer.from(decodeEnvelope(held.message).bytes).toString('utf8'), given))
            messages.push({ messageId: held.message.messageId, eventId, reason });
        return 'go_on';
      },
    },
    Date.now() + budgetMs,
    { quarantine, clock: { now: Date.now }, limits: DEFAULT_LIMITS },
  );
  if (ending.reachedEnd) return { messages };
  return { messages, incomplete: ending.cause ?? ending.stoppedBecause };
}
