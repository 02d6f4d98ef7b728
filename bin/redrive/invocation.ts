/**
 * Calls the redrive function, on this machine or in AWS: the same call of Lambda, to another
 * endpoint.
 */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { messageOf, UserError } from '../../cli/user-error.ts';
import type { RedriveResult } from '../../lambdas/domain/quarantine/redrive-result.ts';
import { localAwsCli, localLambdaClient } from '../../local/local-clients.ts';
import { findPipeline } from '../../local/pipeline-file.ts';
import { describeStack } from '../stream/deployed-stack.ts';

/** The redrive function that is called. */
export interface RedriveTarget {
  readonly client: LambdaClient;
  readonly functionName: string;
  /** Call of the aws CLI that reads the queues of this function. */
  readonly awsCli: string;
}

/** Target for the local pipeline that runs on this data directory. */
export function localTarget(dataDir: string): RedriveTarget {
  const { endpoints, redriveFunction } = findPipeline(dataDir);
  return {
    client: localLambdaClient(endpoints),
    functionName: redriveFunction,
    awsCli: localAwsCli(endpoints.sqs, endpoints.accessKey),
  };
}

/** A function in AWS. Credentials, region and profile come from the environment. */
export function functionTarget(functionName: string, region?: string): RedriveTarget {
  // Without retries: the run may go on although its response was lost.
  const client = new LambdaClient({ maxAttempts: 1, ...(region === undefined ? {} : { region }) });
  return { client, functionName, awsCli: 'aws' };
}

/** The redrive function of a deployed stack. */
export async function stackTarget(stackName: string): Promise<RedriveTarget> {
  const stack = await describeStack(stackName);
  return functionTarget(stack.output('RedriveFunctionName'), stack.region);
}

/** One invocation, waited for. Refused, saying why, where there is no answer. */
export async function invokeRedrive({ client, functionName }: RedriveTarget, payload: object): Promise<RedriveResult> {
  const answer = await client
    .send(new InvokeCommand({ FunctionName: functionName, Payload: Buffer.from(JSON.stringify(payload)) }))
    .catch((error: unknown) => {
      throw new UserError(`The function ${functionName} cannot be called: ${messageOf(error)}`);
    });
  const text = Buffer.from(answer.Payload ?? []).toString('utf8');
  if (answer.FunctionError !== undefined) {
    throw new UserError(
      `The function ${functionName} has failed: ${describeFailure(text)}\n` +
        'What it has moved is moved, what it held is visible again within minutes; it may be called again.',
    );
  }
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || !('kind' in value)) {
    throw new UserError(`The function ${functionName} answers what no redrive function does: is it the right one?`);
  }
  return value as RedriveResult;
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
