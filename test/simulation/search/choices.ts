/** The choices of one run: those given as its beginning, and the first of each from there on. */

/** Chooses whenever more than one thing can happen next. */
export class Choices {
  readonly #given: readonly number[];
  /** Choices, and the number of alternatives. */
  readonly made: { readonly chosen: number; readonly among: number }[] = [];

  constructor(given: readonly number[]) {
    this.#given = given;
  }

  /** True if the next choice is a new one, and not part of the beginning that the run was given. */
  get isNew(): boolean {
    return this.made.length >= this.#given.length;
  }

  /** A number below `among`. */
  pick(among: number): number {
    const chosen = this.#given[this.made.length] ?? 0;
    if (chosen >= among) throw new Error('the run did not repeat itself');
    this.made.push({ chosen, among });
    return chosen;
  }

  /** The beginning of the run that comes after this one, depth first; undefined after the last. */
  next(): number[] | undefined {
    const path = this.made.map(({ chosen }) => chosen);
    for (let last = this.made.length - 1; last >= 0; last -= 1) {
      const choice = this.made[last];
      if (choice !== undefined && choice.chosen + 1 < choice.among) return [...path.slice(0, last), choice.chosen + 1];
    }
    return undefined;
  }
}
