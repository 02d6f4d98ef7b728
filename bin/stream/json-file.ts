/** JSON files that people write: read, or refused with the place. */
import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../cli/user-error.ts';
import { jsonFault } from './json-fault.ts';

/** Editors on Windows put it before the text; it is no part of the JSON. */
const BYTE_ORDER_MARK = /^\uFEFF/;

/** What is in the file. Refuses, beginning with `what`, what cannot be read or is no JSON; `hint` is for the former. */
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
    // What the parser says has a place only at times, and quotes text that may not belong on a terminal.
    throw new UserError(`${what}: not JSON (${placeOf(text, jsonFault(text))})`);
  }
}

function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  const [last = ''] = lines.slice(-1);
  return `line ${lines.length} column ${last.length + 1}${offset === text.length ? ', its end' : ''}`;
}
