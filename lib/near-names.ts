/** Finds the known name that a word mistypes. */

/**
 * As many mistakes are taken for a slip: one for every so many characters. With fewer, `log` would
 * be `logs`.
 */
const CHARACTERS_A_SLIP = 5;

/**
 * True if `text` is `name` but for its case and a slip or two. Of a name of less than five
 * characters, but for its case.
 */
export function isSimilar(text: string, name: string): boolean {
  const slips = Math.floor(name.length / CHARACTERS_A_SLIP);
  return (
    Math.abs(text.length - name.length) <= slips && distanceBetween(text.toLowerCase(), name.toLowerCase()) <= slips
  );
}

/**
 * Number of characters to change, add, drop or swap with their neighbour to get from one text to
 * the other (Levenshtein, with swaps).
 */
export function distanceBetween(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 0; i < a.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const swapped = i > 0 && j > 0 && a[i] === b[j - 1] && a[i - 1] === b[j];
      const kept = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      const viaSwap = swapped ? (before[j - 1] ?? 0) + 1 : kept;
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, kept, viaSwap));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}
