/** A mistake of the user: reported by its message alone, without a stack trace. */
export class UserError extends Error {
  override readonly name = 'Refusal';
}

/** Message of a failure in one line: its own, or its cause's if it has none. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return error.message || code || error.name;
}
