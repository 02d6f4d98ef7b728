/** Invocations of functions, whose calls wait for a driver to decide when, and how, they happen. */
import type { Fault } from './faults.ts';

/** One way in which a parked call can go on. */
export interface Way {
  /** Description. */
  readonly name: string;
  readonly fault?: Fault;
  /** True if it can only be while the CRM works. */
  readonly needsCrm?: boolean;
  /**
   * Carries it out, and gives the call its answer; undefined: the environment is dead, and gives
   * none to anybody.
   */
  readonly happen: () => { readonly answer: unknown } | undefined;
}

/** A call that waits. */
export interface ParkedCall {
  readonly name: string;
  /** Visibility to others. */
  readonly touches: 'table' | 'CRM' | 'own message' | 'queue' | 'secret';
  readonly ways: readonly Way[];
  /** The caller gets its answer before this time, whatever it is. */
  readonly answeredByMs: number;
  /** It goes on at this time, and not before. */
  readonly notBeforeMs?: number;
  readonly resume: (answer: unknown) => void;
}

/**
 * An answer that was given, put into words only where somebody compares it. Answers do not change
 * once they are given.
 */
class Answered {
  readonly #given: readonly [number, string, unknown];
  #text: string | undefined;

  constructor(...given: readonly [number, string, unknown]) {
    this.#given = given;
  }

  toJSON(): string {
    this.#text ??= JSON.stringify(this.#given, asDecisive);
    return this.#text;
  }
}

/** One invocation in one environment, until it ends or its environment dies. */
export class Invocation {
  readonly functionName: 'ingest' | 'processor' | 'redrive';
  readonly name: string;
  /** The function is ended at this time, whatever it is doing. */
  endsByMs: number;
  /** Responses so far: with deterministic code, all that decides what it does next. */
  readonly seen: Answered[] = [];
  state: 'running' | 'ended' | 'dead' = 'running';
  #parked: ParkedCall[] = [];
  readonly #atDeath: (() => void)[] = [];

  constructor(functionName: Invocation['functionName'], name: string, endsByMs: number) {
    this.functionName = functionName;
    this.name = name;
    this.endsByMs = endsByMs;
  }

  /** The calls under way. */
  get parked(): readonly ParkedCall[] {
    return this.#parked;
  }

  /**
   * Parks a call until one of its ways is chosen. Of an environment that is dead by then, for ever.
   */
  park<Answer>(call: Omit<ParkedCall, 'resume'>): Promise<Answer> {
    return new Promise((resolve) => {
      this.#parked.push({ ...call, resume: (answer) => resolve(answer as Answer) });
    });
  }

  /** Lets a parked call happen in one of its ways. */
  go(call: ParkedCall, way: Way, nowMs: number): void {
    this.#parked = this.#parked.filter((other) => other !== call);
    const result = way.happen();
    if (result === undefined) this.die();
    else {
      this.seen.push(new Answered(nowMs, call.name, result.answer));
      call.resume(result.answer);
    }
  }

  /** Called if the environment dies. May be called for something that has ended before. */
  onDeath(act: () => void): void {
    this.#atDeath.push(act);
  }

  /** The environment is gone, and with it whatever was under way. */
  die(): void {
    this.state = 'dead';
    this.#parked = [];
    for (const act of this.#atDeath) act();
  }

  end(): void {
    this.state = 'ended';
    this.#parked = [];
  }
}

/** Attributes of rows for people: they decide nothing. */
const FOR_PEOPLE = new Set(['history', 'firstError']);

/** For `JSON.stringify`, which knows no maps; leaves out what decides nothing. */
export function asDecisive(key: string, value: unknown): unknown {
  if (FOR_PEOPLE.has(key)) return undefined;
  return value instanceof Map ? [...value] : value;
}
