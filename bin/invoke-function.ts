/** One invocation of a function, on this machine or in AWS. */
import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import { messageOf, UserError } from '../cli/user-error.ts';

/** The function that is called. */
export interface FunctionTarget {
  readonly client: LambdaClient;
  readonly functionName: string;
}

/**
 * Waits for the answer, an object with a `kind`. Throws a UserError without one; `afterFailure`
 * says what a function that failed may have left. A call that is cut off may go on as well.
 */
export async function invokeFunction(
  { client, functionName }: FunctionTarget,
  payload: object,
  afterFailure: string,
): Promise<{ readonly kind: unknown }> {
  const answer = await client
    .send(new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(payload)) }))
    .catch((error: unknown) => {
      throw new UserError(`The function ${functionName} cannot be called: ${messageOf(error)}\n${afterFailure}`);
    });
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  if (answer.FunctionError !== undefined)
    throw new UserError(`The function ${functionName} has failed: ${describeFailure(text)}\n${afterFailure}`);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || !('kind' in value))
    throw new UserError(
      `The function ${functionName} answers what no function of the pipeline does: is it the right one?`,
    );
  return value;
}

function describeFailure(text: string): string {
  const { errorType, errorMessage } = (parseJson(text) ?? {}) as { errorType?: unknown; errorMessage?: unknown };
  return [errorType, errorMessage].filter((part) => part !== undefined).join(': ') || 'it does not say why';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
