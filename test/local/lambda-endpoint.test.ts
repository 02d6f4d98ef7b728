/** Lambda's Invoke, as the SDK calls it. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { LoopbackServer } from '../../local/http/loopback.ts';
import type { FunctionSpec } from '../../local/lambda/execution-environment.ts';
import { serveLambda } from '../../local/lambda/lambda-endpoint.ts';
import type { InvocationResult } from '../../local/lambda/runtime-messages.ts';
import { localLambdaClient } from '../../local/local-clients.ts';

const SPEC: FunctionSpec = {
  logicalId: 'Echo',
  name: 'echo',
  arn: 'arn:aws:lambda:us-east-1:000000000000:function:echo',
  file: '',
  exportName: 'handler',
  timeoutMs: 1_000,
  memoryMb: 128,
  environment: {},
};
const invoked: unknown[] = [];
let result: InvocationResult;
let server: LoopbackServer;
let client: ReturnType<typeof localLambdaClient>;

beforeAll(async () => {
  server = await serveLambda(
    [SPEC],
    async (arn, event) => {
      invoked.push([arn, event]);
      return result;
    },
    'key',
  );
  client = localLambdaClient({ lambda: server.url, accessKey: 'key' });
});

afterAll(async () => {
  client?.destroy();
  await server?.close();
});

beforeEach(() => {
  invoked.length = 0;
  result = { kind: 'returned', value: { answer: 42 } };
});

async function invoke(FunctionName: string, Payload?: string, InvocationType?: 'Event' | 'DryRun') {
  const answer = await client.send(
    new InvokeCommand({
      FunctionName,
      ...(Payload === undefined ? {} : { Payload: Buffer.from(Payload) }),
      ...(InvocationType === undefined ? {} : { InvocationType }),
    }),
  );
  const { StatusCode, FunctionError } = answer;
  return { StatusCode, FunctionError, payload: Buffer.from(answer.Payload ?? []).toString('utf8') };
}

describe('Lambda’s endpoint', () => {
  it.each(['echo', SPEC.arn, '000000000000:function:echo', 'echo:$LATEST'])('invokes %s', async (name) => {
    expect(await invoke(name, '{"a":"ü"}')).toEqual({
      StatusCode: 200,
      FunctionError: undefined,
      payload: '{"answer":42}',
    });
    expect(invoked).toEqual([[SPEC.arn, { a: 'ü' }]]);
  });

  it('marks what the function has failed with', async () => {
    result = { kind: 'failed', errorType: 'TypeError', errorMessage: 'it is not' };
    expect(await invoke('echo', '{}')).toEqual({
      StatusCode: 200,
      FunctionError: 'Unhandled',
      payload: '{"errorType":"TypeError","errorMessage":"it is not"}',
    });
  });

  it('does not wait for an event, and invokes nothing in a dry run', async () => {
    expect((await invoke('echo', '{}', 'Event')).StatusCode).toBe(202);
    expect((await invoke('echo', '{}', 'DryRun')).StatusCode).toBe(204);
    expect(invoked).toEqual([[SPEC.arn, {}]]);
  });

  it('takes no payload for an empty object, and no answer for null', async () => {
    result = { kind: 'returned', value: undefined };
    expect((await invoke('echo')).payload).toBe('null');
    expect(invoked).toEqual([[SPEC.arn, {}]]);
  });

  it('refuses what is not there, not JSON or not for this machine', async () => {
    await expect(invoke('other', '{}')).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: other',
    });
    await expect(invoke('echo', '{')).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
    const path = `${server.url}/2015-03-31/functions/echo/invocations`;
    const headers = { 'content-type': 'application/json', 'x-access-key': 'key' };
    expect((await fetch(path, { headers })).status).toBe(404);
    const functions = `${server.url}/2015-03-31/functions`;
    expect((await fetch(functions, { method: 'POST', headers, body: '{}' })).status).toBe(404);
    expect((await fetch(path, { method: 'POST', headers: { ...headers, 'x-access-key': 'other' } })).status).toBe(403);
    expect(invoked).toEqual([]);
  });
});
