/** Commands that are printed for a person to run. */

/** `text` as one word for a shell: in quotes if a shell would read anything else from it. */
export function quoted(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
