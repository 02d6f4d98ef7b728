/** The machine's own clock and random numbers. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Chance, Clock, Sleep } from '../ports.ts';

/** The system clock. */
export const systemClock: Clock = { now: () => Date.now() };

/** The system's random numbers; owners are UUIDs. */
export const systemChance: Chance = { fraction: () => Math.random(), newOwner: () => randomUUID() };

/** The system's timers. */
export const systemSleep: Sleep = { for: (ms) => pause(ms) };
