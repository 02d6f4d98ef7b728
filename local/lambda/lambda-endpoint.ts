/**
 * Lambda's endpoint, as much of it as it takes to invoke a function (Lambda API reference, Invoke).
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { guarded } from '../http/guard.ts';
import { type LoopbackServer, listenOnLoopback } from '../http/loopback.ts';
import type { FunctionSpec } from './execution-environment.ts';
import type { InvocationResult } from './runtime-messages.ts';

/** Invokes the function with this ARN. */
export type Invoke = (functionArn: string, event: unknown) => Promise<InvocationResult>;

/** Lambda takes 6 MB with an invocation that is waited for. */
const PAYLOAD_BYTES_MAX = 6 * 1_024 * 1_024;
const PATH = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/** An answer that is an error of Lambda itself. */
class LambdaError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Serves the functions on a free port, to clients that have the access key. */
export function serveLambda(
  functions: readonly FunctionSpec[],
  invoke: Invoke,
  accessKey: string,
): Promise<LoopbackServer> {
  const listener: RequestListener = (request, response) => {
    answer(functions, invoke, request, response).catch((error: unknown) => sendError(response, error));
  };
  return listenOnLoopback(guarded(listener, { accessKey }), 0);
}

async function answer(
  functions: readonly FunctionSpec[],
  invoke: Invoke,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const event = parseEvent(await readPayload(request));
  const spec = functionNamed(request, functions);
  const type = String(request.headers['x-amz-invocation-type'] ?? 'RequestResponse');
  switch (type) {
    case 'RequestResponse':
      return sendResult(response, await invoke(spec.arn, event));
    case 'Event':
      void invoke(spec.arn, event);
      response.writeHead(202).end();
      return;
    case 'DryRun':
      response.writeHead(204).end();
      return;
    default:
      throw new LambdaError(400, 'InvalidParameterValueException', `${type} is no invocation type`);
  }
}

/**
 * The function that the path names: by its name, or by its ARN, whole or in part, with or without
 * `$LATEST`.
 */
function functionNamed(request: IncomingMessage, functions: readonly FunctionSpec[]): FunctionSpec {
  const [, named] = PATH.exec(new URL(request.url ?? '/', 'http://lambda').pathname) ?? [];
  if (named === undefined || request.method !== 'POST') {
    throw new LambdaError(404, 'UnknownOperationException', 'the local Lambda can only invoke functions');
  }
  const name = decodeURIComponent(named)
    .replace(/^.*function:/, '')
    .replace(/:\$LATEST$/, '');
  const found = functions.find((spec) => spec.name === name);
  if (found === undefined) throw new LambdaError(404, 'ResourceNotFoundException', `Function not found: ${name}`);
  return found;
}

function parseEvent(payload: string): unknown {
  try {
    return JSON.parse(payload || '{}');
  } catch {
    throw new LambdaError(400, 'InvalidRequestContentException', 'Could not parse request body into json');
  }
}

async function readPayload(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length > PAYLOAD_BYTES_MAX) throw new LambdaError(413, 'RequestTooLargeException', 'Request must be smaller');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Response to an invocation. A failure of the function is a response of Lambda like any other, and
 * marked.
 */
function sendResult(response: ServerResponse, result: InvocationResult): void {
  const headers = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' };
  if (result.kind === 'returned') {
    response.writeHead(200, headers).end(JSON.stringify(result.value ?? null));
    return;
  }
  const { errorType, errorMessage } = result;
  response
    .writeHead(200, { ...headers, 'x-amz-function-error': 'Unhandled' })
    .end(JSON.stringify({ errorType, errorMessage }));
}

function sendError(response: ServerResponse, error: unknown): void {
  if (!(error instanceof LambdaError)) {
    response.destroy();
    return;
  }
  response
    .writeHead(error.status, { 'content-type': 'application/json', 'x-amzn-errortype': error.code })
    .end(JSON.stringify({ Type: error.status < 500 ? 'User' : 'Server', message: error.message }));
}
