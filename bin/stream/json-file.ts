/** JSON files that people write: read, or refused with the place. */
import { readFileSync } from 'node:fs';
import { type ParseError, parse } from 'jsonc-parser';
import { messageOf, UserError } from '../../cli/user-error.ts';

/** Editors on Windows put it before the text; it is no part of the JSON. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/**
 * Reads a JSON file. Throws an error that begins with `what` if it cannot be read (with `hint`) or
 * is no JSON.
 */
export function readJsonFile(path: string, what: string, hint = ''): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').replace(BYTE_ORDER_MARK, '');
  } catch (error) {
    throw new UserError(`${what}: cannot be read: ${messageOf(error)}${hint}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message has a place only at times, and quotes text that may not belong on a
    // terminal.
    throw new UserError(`${what}: not JSON (${placeOf(text, jsonFault(text))})`);
  }
}

/**
 * The offset of the first token that cannot stand where it does; the text's length if something is
 * missing at its end.
 */
export function jsonFault(text: string): number {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true, allowTrailingComma: false });
  return errors[0]?.offset ?? text.length;
}

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  const [last = ''] = lines.slice(-1);
  return `line ${lines.length} column ${last.length + 1}${offset === text.length ? ', its end' : ''}`;
}
