/** What the user has to put right: reported as its message alone, without a stack trace. */
export class UserError extends Error {
  override readonly name = 'Refusal';
}

/** What there is to say of a failure in one line: its message, or its cause's where it has none. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  return error.message || code || error.name;
}
