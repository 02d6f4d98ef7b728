/**
 * HTML that cannot be injected into: a template's values are escaped unless they are HTML that was
 * made here. What came from outside is made printable as well, so that nothing hides or reverses
 * what is read.
 */
import { printable } from '../domain/telemetry/redact.ts';

/** Markup made by `html`, and by nothing else. */
export class Html {
  readonly #markup: string;

  private constructor(markup: string) {
    this.#markup = markup;
  }

  /** The markup. */
  get text(): string {
    return this.#markup;
  }

  /** `markup` as it is: for `html` and for what this file vouches for. */
  static trusted(markup: string): Html {
    return new Html(markup);
  }
}

/** Values in a template; `undefined` and `false` print nothing. */
export type Slot = Html | string | number | undefined | false | readonly Slot[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Values are escaped for text and for attributes in quotes. A value that stands in an attribute
 * without quotes is a bug.
 */
export function html(literals: TemplateStringsArray, ...slots: readonly Slot[]): Html {
  const parts = literals.map((literal, position) => {
    if (position >= slots.length) return literal;
    if (literal.endsWith('=')) throw new Error(`an attribute without quotes: ${literal.slice(-40)}`);
    return literal + markupOf(slots[position]);
  });
  return Html.trusted(parts.join(''));
}

function markupOf(slot: Slot): string {
  if (slot === undefined || slot === false) return '';
  if (slot instanceof Html) return slot.text;
  if (typeof slot === 'object') return slot.map(markupOf).join('');
  return printable(String(slot).slice(0, TEXT_MAX)).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Longer than anything that is shown. */
const TEXT_MAX = 2_000;

/**
 * JSON as an element's text: without a character that means anything to HTML, however it is read
 * back.
 */
export function jsonText(value: unknown): Html {
  const escaped = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return Html.trusted(escaped);
}
