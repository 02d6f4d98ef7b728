/** Numbers and times in words. */
import { type Html, html } from './html.ts';

const STEPS: readonly (readonly [number, string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
];

/** A duration in its largest unit: `3 h`, `12 min`, `40 s`. */
export function duration(ms: number): string {
  const step = STEPS.find(([unitMs]) => ms >= unitMs);
  return step === undefined ? `${Math.max(0, Math.floor(ms / 1_000))} s` : `${Math.floor(ms / step[0])} ${step[1]}`;
}

/**
 * Age of a time, with the full time as a tooltip. No seconds: they would change the list all the
 * time.
 */
export function ago(atMs: number, nowMs: number): Html {
  const ms = nowMs - atMs;
  const words = ms < 60_000 ? 'less than a minute' : duration(ms);
  return html`<time datetime="${iso(atMs)}" title="${utc(atMs)}">${words} ago</time>`;
}

/** A time to the second. */
export function utc(atMs: number): string {
  return `${iso(atMs).slice(0, 19).replace('T', ' ')} UTC`;
}

/** The time of day alone. */
export function timeOfDay(atMs: number): string {
  return `${iso(atMs).slice(11, 19)} UTC`;
}

function iso(atMs: number): string {
  const time = new Date(atMs);
  return Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

/** A number with its thousands apart. */
export function figure(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 event`, `2,000 events`. */
export function counted(count: number, noun = 'event'): string {
  return `${figure(count)} ${noun}${count === 1 ? '' : 's'}`;
}
