/**
 * Values that SQS and DynamoDB accept, by their API references. The embedded servers are more
 * lenient here and stricter there, the fakes take everything: what is put into a fake is held to
 * this.
 */
import type { Envelope } from '../../lambdas/domain/delivery/envelope.ts';

/** SQS: 1 MiB for the body and the names, types and values of all attributes. */
const MESSAGE_BYTES_MAX = 1_048_576;
const ATTRIBUTES_MAX = 10;
const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)(?!.*\.$)[A-Za-z0-9_.-]{1,256}$/i;

/** DynamoDB: a partition key's value, and an item. */
const KEY_BYTES_MAX = 2_048;
const ITEM_BYTES_MAX = 400 * 1_024;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what is looked for
const NOT_IN_A_MESSAGE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/gu;

/** Why SQS would refuse the message or change it; undefined where it would not. */
export function problemWithMessage({ body, attributes }: Envelope): string | undefined {
  const entries = Object.entries(attributes);
  if (body === '') return 'an empty body';
  if (entries.length > ATTRIBUTES_MAX) return `${entries.length} attributes`;
  const name = entries.find(([name]) => !ATTRIBUTE_NAME.test(name))?.[0];
  if (name !== undefined) return `an attribute named ${JSON.stringify(name)}`;
  const empty = entries.find(([, value]) => value === '')?.[0];
  if (empty !== undefined) return `attribute ${empty} has no value`;
  const changed = [['the body', body] as const, ...entries].find(([, text]) => asSqsCarries(text) !== text)?.[0];
  if (changed !== undefined) return `${changed} has characters that SQS replaces`;
  const bytes = sizeOf(body) + entries.reduce((sum, [name, value]) => sum + sizeOf(name) + 6 + sizeOf(value), 0);
  return bytes > MESSAGE_BYTES_MAX ? `${bytes} bytes` : undefined;
}

/** The text as it comes out of SQS. */
export function asSqsCarries(text: string): string {
  return text.replace(NOT_IN_A_MESSAGE, '\ufffd');
}

/** Why DynamoDB would refuse the row; undefined where it would not. */
export function problemWithRow(key: string, row: object): string | undefined {
  if (sizeOf(key) > KEY_BYTES_MAX) return `a key of ${sizeOf(key)} bytes`;
  const malformed = [key, ...textsIn(row)].find((text) => !text.isWellFormed());
  if (malformed !== undefined) return `a string that is not Unicode: ${JSON.stringify(malformed).slice(0, 80)}`;
  const bytes = sizeOf(JSON.stringify(row));
  return bytes > ITEM_BYTES_MAX ? `an item of ${bytes} bytes` : undefined;
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}
