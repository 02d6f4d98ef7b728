/**
 * Calls the redrive function, on this machine or in AWS: the same call of Lambda, to another
 * endpoint.
 */
import { LambdaClient } from '@aws-sdk/client-lambda';
import type { RedriveResult } from '../../lambdas/domain/quarantine/redrive-result.ts';
import { localAwsCli, localLambdaClient } from '../../local/local-clients.ts';
import { findPipeline } from '../../local/pipeline-file.ts';
import { type FunctionTarget, invokeFunction } from '../invoke-function.ts';
import { describeStack } from '../stream/deployed-stack.ts';

/** The redrive function that is called. */
export interface RedriveTarget extends FunctionTarget {
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
export async function invokeRedrive(target: RedriveTarget, payload: object): Promise<RedriveResult> {
  const left = 'What it has moved is moved, what it held is visible again within minutes; it may be called again.';
  return (await invokeFunction(target, payload, left)) as RedriveResult;
}
