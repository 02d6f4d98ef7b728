/** The first value of a secret as CloudFormation makes it from `GenerateSecretString`. */
import { randomInt } from 'node:crypto';

/** `GenerateSecretString`'s properties, as far as they shape the value. */
export interface GenerateSecretString {
  readonly PasswordLength?: number | undefined;
  readonly ExcludeCharacters?: string | undefined;
  readonly ExcludeLowercase?: boolean | undefined;
  readonly ExcludeUppercase?: boolean | undefined;
  readonly ExcludeNumbers?: boolean | undefined;
  readonly ExcludePunctuation?: boolean | undefined;
  readonly IncludeSpace?: boolean | undefined;
  readonly RequireEachIncludedType?: boolean | undefined;
  readonly SecretStringTemplate?: string | undefined;
  readonly GenerateStringKey?: string | undefined;
}

const LOWERCASE = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

/** A new value; with a template, the template's JSON with the value under its key. */
export function generateSecret(rules: GenerateSecretString): string {
  const value = generatePassword(rules);
  if (rules.GenerateStringKey === undefined) return value;
  const template = JSON.parse(rules.SecretStringTemplate ?? '{}') as Record<string, unknown>;
  return JSON.stringify({ ...template, [rules.GenerateStringKey]: value });
}

function generatePassword(rules: GenerateSecretString): string {
  const excluded = new Set(rules.ExcludeCharacters ?? '');
  const types = [
    rules.ExcludeLowercase === true ? '' : LOWERCASE,
    rules.ExcludeUppercase === true ? '' : LOWERCASE.toUpperCase(),
    rules.ExcludeNumbers === true ? '' : DIGITS,
    rules.ExcludePunctuation === true ? '' : PUNCTUATION,
    rules.IncludeSpace === true ? ' ' : '',
  ].flatMap((type) => [...type].filter((character) => !excluded.has(character)).join('') || []);
  const alphabet = types.join('');
  const length = rules.PasswordLength ?? 32;
  const first = rules.RequireEachIncludedType === false ? [] : types.slice(0, length).map(pick);
  const rest = Array.from({ length: length - first.length }, () => pick(alphabet));
  return shuffled([...first, ...rest]).join('');
}

function pick(alphabet: string): string {
  return alphabet.charAt(randomInt(alphabet.length));
}

function shuffled(characters: readonly string[]): string[] {
  const result = [...characters];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    [result[last], result[other]] = [result[other] ?? '', result[last] ?? ''];
  }
  return result;
}
