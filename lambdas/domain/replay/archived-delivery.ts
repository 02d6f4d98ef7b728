/** An archived delivery, and its line in the archive. */
import type { MessageAttributes, ReceivedMessage } from '../delivery/envelope.ts';

/** A delivery as it was received from the delivery queue. */
export interface ArchivedDelivery {
  /** When the processor received it, in epoch ms. */
  readonly archivedAtMs: number;
  readonly body: string;
  /** Attributes of its envelope. A message from quarantine has lost its note. */
  readonly attributes: MessageAttributes;
}

/** The line of a message: JSON, with its end. */
export function archiveLine(
  { body, attributes, sentAtMs }: Pick<ReceivedMessage, 'body' | 'attributes' | 'sentAtMs'>,
  archivedAtMs: number,
): string {
  const { quarantine: _note, ...kept } = attributes;
  const delivery: ArchivedDelivery = {
    archivedAtMs,
    body,
    attributes: { receivedAtMs: String(sentAtMs), ...kept },
  };
  return `${JSON.stringify(delivery)}\n`;
}

/** The delivery of a line; undefined if it cannot be read. */
export function readArchiveLine(line: string): ArchivedDelivery | undefined {
  try {
    const value = JSON.parse(line) as Partial<ArchivedDelivery> | null;
    const isWhole =
      typeof value?.archivedAtMs === 'number' &&
      typeof value.body === 'string' &&
      typeof value.attributes === 'object' &&
      value.attributes !== null &&
      Object.values(value.attributes).every((text) => typeof text === 'string');
    return isWhole ? (value as ArchivedDelivery) : undefined;
  } catch {
    return undefined;
  }
}
