/**
 * The process of one execution environment: loads a function's bundle and hands it invocations, one
 * at a time, with a context such as Lambda's. It ends when the pipeline does.
 */
import { pathToFileURL } from 'node:url';
import { ignoreSignals } from '../processes/signals.ts';
import type { InvocationResult, InvokeMessage, RuntimeMessage } from './runtime-messages.ts';

type Handler = (event: unknown, context: object) => unknown;

ignoreSignals();
process.on('disconnect', () => process.exit(0));
process.on('uncaughtException', endBecauseOf);
process.on('unhandledRejection', endBecauseOf);

const handler = await loadHandler(process.argv[2] ?? '', process.argv[3] ?? '');
if (handler !== undefined) {
  process.on('message', (message) => void invoke(handler, message as InvokeMessage));
  tell({ kind: 'ready' });
}

async function loadHandler(file: string, exportName: string): Promise<Handler | undefined> {
  try {
    const bundle = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    const loaded = bundle[exportName];
    if (typeof loaded === 'function') return loaded as Handler;
    throw new Error(`${file} exports no function ${exportName}`);
  } catch (error) {
    process.stderr.write(`${errorLine('the function does not load', error)}\n`);
    process.send?.({ kind: 'init_failed', ...described(error) } satisfies RuntimeMessage, () => process.exit(1));
    return undefined;
  }
}

async function invoke(loaded: Handler, message: InvokeMessage): Promise<void> {
  let result: InvocationResult;
  try {
    result = { kind: 'returned', value: await loaded(message.event, contextOf(message)) };
  } catch (error) {
    process.stderr.write(`${errorLine('invocation failed', error)}\n`);
    result = { kind: 'failed', ...described(error) };
  }
  tell({ kind: 'done', requestId: message.requestId, result });
}

function contextOf({ requestId, deadlineMs }: InvokeMessage): object {
  const functionName = process.env.AWS_LAMBDA_FUNCTION_NAME ?? '';
  return {
    awsRequestId: requestId,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${process.env.AWS_REGION}:000000000000:function:${functionName}`,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - Date.now()),
  };
}

function tell(message: RuntimeMessage): void {
  process.send?.(message);
}

function described(error: unknown): { readonly errorType: string; readonly errorMessage: string } {
  return error instanceof Error
    ? { errorType: error.name, errorMessage: error.message }
    : { errorType: 'Error', errorMessage: String(error) };
}

function errorLine(message: string, error: unknown): string {
  const stack = error instanceof Error ? error.stack : undefined;
  return JSON.stringify({ timestamp: new Date().toISOString(), level: 'ERROR', message, ...described(error), stack });
}

function endBecauseOf(error: unknown): void {
  process.stderr.write(`${errorLine('the environment crashed', error)}\n`, () => process.exit(1));
}
