/** Times as senders write them, read without losing a digit. */
import * as z from 'zod/mini';

/** A point in time from 1970 on. */
export interface Instant {
  /** Epoch milliseconds, rounded down. */
  readonly timestampMs: number;
  /**
   * The digits after the millisecond, without zeros at their end; empty for none. Compare as text.
   */
  readonly subMillis: string;
  /** ISO 8601 with seconds and offset. As sent, if it was sent in that form. */
  readonly text: string;
}

/**
 * ISO 8601 with an offset: seconds and the offset's minutes are optional, any number of fractional
 * digits.
 */
const ISO_FORM =
  /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(?::(\d{2})(?:[.,](\d{1,30}))?)?(?:([Zz])|([+-]\d{2})(?::?(\d{2}))?)$/;

/** Epoch milliseconds as text: from 2001 to 5138. */
const EPOCH_MS_FORM = /^\d{12,14}$/;

const isoInstant = z.iso.datetime({ offset: true });

/**
 * Reads a time: ISO 8601 with an offset, or epoch milliseconds as a number or as text. Undefined if
 * it is not one of these, ambiguous (no offset), no real date, or before 1970.
 */
export function parseInstant(value: unknown): Instant | undefined {
  if (typeof value === 'number') return fromEpochMs(value);
  if (typeof value !== 'string') return undefined;
  if (EPOCH_MS_FORM.test(value)) return fromEpochMs(Number(value));
  const match = ISO_FORM.exec(value);
  if (match === null) return undefined;
  const [, date, hoursAndMinutes, seconds = '00', fraction = '', utc, offsetHours = '', offsetMinutes = '00'] = match;
  const offset = utc === undefined ? `${offsetHours}:${offsetMinutes}` : 'Z';
  const text = `${date}T${hoursAndMinutes}:${seconds}${fraction === '' ? '' : `.${fraction}`}${offset}`;
  if (!isoInstant.safeParse(text).success) return undefined;
  const timestampMs = Date.parse(
    `${date}T${hoursAndMinutes}:${seconds}.${fraction.slice(0, 3).padEnd(3, '0')}${offset}`,
  );
  if (!(timestampMs >= 0)) return undefined;
  return { timestampMs, subMillis: fraction.slice(3).replace(/0+$/, ''), text };
}

function fromEpochMs(value: number): Instant | undefined {
  const at = new Date(Math.floor(value));
  if (!(value >= 0) || Number.isNaN(at.getTime())) return undefined;
  return { timestampMs: at.getTime(), subMillis: '', text: at.toISOString() };
}
