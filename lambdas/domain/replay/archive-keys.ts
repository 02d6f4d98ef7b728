/** Names of the archive's objects: one prefix an hour, UTC. */

/** Prefix of all objects with deliveries. Firehose's own errors are elsewhere. */
export const ARCHIVE_PREFIX = 'deliveries/';

/**
 * Prefix of an object as Firehose's expressions word it: the hour in which its oldest record
 * reached Firehose (Firehose developer guide, custom prefixes).
 */
export const FIREHOSE_PREFIX = `${ARCHIVE_PREFIX}!{timestamp:yyyy/MM/dd/HH}/`;

const HOUR_MS = 3_600_000;

/** From the year 10000 on a time has a sign before it, and no longer the order of its text. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** The prefix of the hour of `atMs`. Prefixes are in the order of time. */
export function hourPrefix(atMs: number): string {
  const [, date = '', hour = ''] = /^(.*)T(\d\d)/.exec(new Date(atMs).toISOString()) ?? [];
  return `${ARCHIVE_PREFIX}${date.replaceAll('-', '/')}/${hour}/`;
}

/**
 * Prefixes between which, the second excluded, lie all objects with deliveries that were archived
 * in a window. An object is named by its oldest record, by another clock: an hour on either side.
 */
export function prefixesOf(fromMs: number, toMs: number): readonly [string, string] {
  return [hourPrefix(Math.max(0, fromMs - HOUR_MS)), hourPrefix(Math.min(LAST_MS, toMs + 2 * HOUR_MS))];
}
