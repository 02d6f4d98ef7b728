/** Messages between the pipeline and an execution environment over IPC. */

/** To the environment: one invocation. The next one follows only after its end. */
export interface InvokeMessage {
  readonly requestId: string;
  readonly event: unknown;
  readonly deadlineMs: number;
}

/** Result of an invocation. */
export type InvocationResult =
  | { readonly kind: 'returned'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly errorType: string; readonly errorMessage: string };

/** From the environment. */
export type RuntimeMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'init_failed'; readonly errorType: string; readonly errorMessage: string }
  | { readonly kind: 'done'; readonly requestId: string; readonly result: InvocationResult };
