/** What is kept of a CRM's response for people: its words, without what must not be shown. */
import { maskNumbers, printable } from '../telemetry/redact.ts';
import type { CrmAction } from './action.ts';

/** How much of a response is kept. */
const EXCERPT_CHARACTERS = 300;

/** How much of a response is looked at for it. */
const READ_CHARACTERS = 20_000;

/** E-mail addresses, whoever they belong to. */
const EMAIL = /[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;

/** By these the CRM's support finds a request. */
const REQUEST_IDS = [
  'x-request-id',
  'x-correlation-id',
  'x-hubspot-correlation-id',
  'x-zendesk-request-id',
  'x-ms-service-request-id',
  'sforce-request-id',
];

/** A number in the forms in which CRMs write it. */
const PHONE_NUMBER = /^\+?[\d .()/-]{7,30}$/;
const SEPARATOR = '[ .()/-]{0,2}';
const DISTINCTIVE_DIGITS = 7;
const VALUES_MAX = 50;

/** Redacts the responses to one action. */
export class Redaction {
  readonly #secrets: readonly string[];
  readonly #numbers: readonly RegExp[];

  /** `token`: the secret part of the credentials that the CRM is called with. */
  constructor(action: CrmAction, token: string) {
    this.#secrets = [...new Set([token, encodeURIComponent(token), JSON.stringify(token).slice(1, -1)])].filter(
      Boolean,
    );
    const numbers = textsIn(action).filter((text) => PHONE_NUMBER.test(text));
    this.#numbers = [...new Set(numbers.map((number) => number.replace(/\D/g, '').slice(-DISTINCTIVE_DIGITS)))]
      .filter((digits) => digits.length === DISTINCTIVE_DIGITS)
      .slice(0, VALUES_MAX)
      .map((digits) => new RegExp(`\\+?(?:\\d${SEPARATOR}){0,12}${[...digits].join(SEPARATOR)}`, 'g'));
  }

  /** The beginning of a body on one line, and the CRM's id of the request. */
  excerpt(body: string, headers: Readonly<Record<string, string>>): string {
    const text = this.#redacted(printable(body.slice(0, READ_CHARACTERS)).replace(/\s+/g, ' ').trim()).slice(
      0,
      EXCERPT_CHARACTERS,
    );
    const name = REQUEST_IDS.find((id) => headers[id] !== undefined);
    const requestId = name === undefined ? '' : ` (${name}: ${printable(headers[name] ?? '').slice(0, 100)})`;
    // Cut in the middle of a character, the text has half of one at its end.
    return `${text.replace(/\p{Cs}$/u, '')}${requestId}`.trim();
  }

  #redacted(text: string): string {
    const withoutSecrets = this.#secrets.reduce((rest, secret) => rest.split(secret).join('[token]'), text);
    const withoutEmails = withoutSecrets.replace(EMAIL, '[email]');
    return this.#numbers.reduce((rest, number) => rest.replace(number, maskNumbers), withoutEmails);
  }
}

/** All texts in a value. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
