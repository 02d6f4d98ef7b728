/** The redrive function, invoked and waited for. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { RedriveRuns } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/**
 * Invokes by one client, which must not try again: a run whose answer was lost may have moved
 * events.
 */
export class LambdaRedriveRuns implements RedriveRuns {
  readonly #client: LambdaClient;
  readonly #functionName: string;
  readonly #budgetMs: number;

  constructor(client: LambdaClient, functionName: string, budgetMs: number) {
    this.#client = client;
    this.#functionName = functionName;
    this.#budgetMs = budgetMs;
  }

  async run(request: Parameters<RedriveRuns['run']>[0]): ReturnType<RedriveRuns['run']> {
    const command = new InvokeCommand({ FunctionName: this.#functionName, Payload: JSON.stringify(request) });
    try {
      const { Payload, FunctionError } = await withinBudget(this.#budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      const answer: unknown = JSON.parse(Buffer.from(Payload ?? []).toString('utf8') || 'null');
      if (FunctionError !== undefined) return { kind: 'unavailable', cause: `redrive: ${nameIn(answer)}` };
      if (answer === null) return { kind: 'unavailable', cause: 'redrive: it answered nothing' };
      return { kind: 'answered', answer: answer as RedriveResult };
    } catch (error) {
      return { kind: 'unavailable', cause: `Lambda: ${errorName(error)}` };
    }
  }
}

/** Name that Lambda gives the error of a failed function. */
function nameIn(answer: unknown): string {
  const { errorType } = (answer ?? {}) as { readonly errorType?: unknown };
  return typeof errorType === 'string' ? errorType.slice(0, 100) : 'it failed';
}
