/** Excerpt of a CRM's response for people, without values that must not be shown. */
import { maskDigits, maskEmails, printable } from '../telemetry/redact.ts';
import type { CrmAction } from './action.ts';

/** Characters of a response that are kept. */
const EXCERPT_CHARACTERS = 300;

/** Characters of a response that are searched for it. */
const READ_CHARACTERS = 20_000;

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
const PHONE_NUMBER = /^\+?[\d\s.()/_\u2010-\u2015\u2212-]{7,30}$/;
const SEPARATOR = '[^\\p{L}\\p{N}]{0,3}';
/**
 * The digits of each value in the scripts that write numbers with digits of their own, full width
 * included.
 */
const ZEROS = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0xff10];
const DIGITS_BY_VALUE = Array.from(
  { length: 10 },
  (_, value) => `[${ZEROS.map((zero) => String.fromCodePoint(zero + value)).join('')}]`,
);
const DISTINCTIVE_DIGITS = 7;
const VALUES_MAX = 50;

/** Redacts the responses to one action. */
export class Redaction {
  readonly #secrets: readonly string[];
  readonly #numbers: readonly RegExp[];

  /** `token`: the secret part of the credentials that the CRM is called with. */
  constructor(action: CrmAction, token: string) {
    this.#secrets = formsOf(token);
    const numbers = textsIn(action).filter((text) => PHONE_NUMBER.test(text));
    this.#numbers = [...new Set(numbers.map((number) => number.replace(/\D/g, '').slice(-DISTINCTIVE_DIGITS)))]
      .filter((digits) => digits.length === DISTINCTIVE_DIGITS)
      .slice(0, VALUES_MAX)
      .map((digits) => {
        const digit = [...digits].map((value) => DIGITS_BY_VALUE[Number(value)]).join(SEPARATOR);
        return new RegExp(`\\+?(?:\\p{Nd}${SEPARATOR}){0,12}${digit}`, 'gu');
      });
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
    return this.#numbers.reduce((rest, number) => rest.replace(number, maskDigits), maskEmails(withoutSecrets));
  }
}

/**
 * A secret as it is, and as JSON, URLs, forms and HTML write it; longest first, so that none leaves
 * a rest.
 */
function formsOf(secret: string): readonly string[] {
  const inJson = JSON.stringify(secret).slice(1, -1);
  const inUrl = encodeURIComponent(secret);
  const inHtml = secret.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  const named = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const forms = [
    ...[secret, inJson, inJson.replaceAll('/', '\\/'), inUrl, inUrl.replaceAll('%20', '+')],
    inUrl.replace(/%[\dA-F]{2}/g, (percent) => percent.toLowerCase()),
    ...[named, inHtml].flatMap((html) => quotesInHtml(html)),
  ];
  return [...new Set(forms)].filter(Boolean).sort((a, b) => b.length - a.length);
}

/** Quotes are escaped or not, by name or by number. */
function quotesInHtml(html: string): readonly string[] {
  const byName = html.replaceAll('"', '&quot;');
  return [html, byName, ...['&#39;', '&#x27;', '&apos;'].map((quote) => byName.replaceAll("'", quote))].concat(
    html.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
  );
}

/** All texts in a value. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
