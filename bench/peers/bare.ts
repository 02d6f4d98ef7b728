/** Nothing: what a Node takes to start, load a handler and call it. */

/** Answers. */
export async function handler(): Promise<object> {
  return {};
}
