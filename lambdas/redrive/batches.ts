/** Largest batch of SQS. */

/** Messages that one call sends, deletes or lets go, at the most. */
export const BATCH_MAX = 10;

/** Consecutive parts of at most `size`. */
export function toBatches<Item>(items: readonly Item[], size: number): Item[][] {
  const batches: Item[][] = [];
  for (let from = 0; from < items.length; from += size) batches.push(items.slice(from, from + size));
  return batches;
}
