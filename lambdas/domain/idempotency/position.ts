/** The position of an event in the order of its contact. */

/** Facts that decide an event's place in the order of its contact. */
export interface PositionFacts {
  readonly timestampMs: number;
  /** The digits of its time below the millisecond. */
  readonly subMillis?: string;
  /** A whole number from 0 on. */
  readonly sequence?: number;
  readonly id: string;
}

/**
 * An event's place in the order of its contact, compared as text: by time with every digit that was
 * sent, then by the mapping's sequence, then by id. `#` sorts before `$`, and both before every
 * digit: a time without further digits comes before the same time with some, an event without a
 * sequence before those with one.
 */
export function positionOf({ timestampMs, subMillis = '', sequence, id }: PositionFacts): string {
  const order = sequence === undefined ? '' : `$${String(sequence).padStart(16, '0')}`;
  return `${String(timestampMs).padStart(15, '0')}${subMillis}${order}#${id}`;
}

/** Time and event of a position. Undefined for any other text. */
export function placeOf(position: string): { readonly timestampMs: number; readonly id: string } | undefined {
  const [, time, id] = /^(\d{15})[^#]*#(.*)$/s.exec(position) ?? [];
  return time === undefined || id === undefined ? undefined : { timestampMs: Number(time), id };
}
