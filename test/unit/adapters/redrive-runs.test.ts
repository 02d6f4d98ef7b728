/** Responses of Lambda that no server here can produce. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { LambdaRedriveRuns } from '../../../lambdas/adapters/redrive-runs.lambda.ts';

const ORDER = { filter: { reasons: ['poison'] }, dryRun: true } as const;

function answering(answer: { readonly Payload?: string; readonly FunctionError?: string } | Error) {
  const client = mockClient(LambdaClient);
  if (answer instanceof Error) client.on(InvokeCommand).rejects(answer);
  else
    client.on(InvokeCommand).resolves({
      ...(answer.FunctionError === undefined ? {} : { FunctionError: answer.FunctionError }),
      Payload: Buffer.from(answer.Payload ?? '') as never,
    });
  return new LambdaRedriveRuns(new LambdaClient({ region: 'eu-west-1' }), 'redrive', 1_000).run(ORDER);
}

describe('the redrive function as a port', () => {
  it('brings its answer', async () => {
    const answer = { kind: 'refused', problems: ['p'] };
    expect(await answering({ Payload: JSON.stringify(answer) })).toEqual({ kind: 'answered', answer });
  });

  it.each([
    [
      'failed',
      { FunctionError: 'Unhandled', Payload: '{"errorType":"Sandbox.Timedout"}' },
      'redrive: Sandbox.Timedout',
    ],
    ['failed without a word', { FunctionError: 'Unhandled', Payload: '{}' }, 'redrive: it failed'],
    ['answered what is no JSON', { Payload: '<html>' }, 'Lambda: SyntaxError'],
    ['answered nothing', {}, 'redrive: it answered nothing'],
    [
      'was not to be called',
      Object.assign(new Error('no'), { name: 'AccessDeniedException' }),
      'Lambda: AccessDeniedException',
    ],
  ])('says what went wrong where it %s', async (_how, answer, cause) => {
    expect(await answering(answer)).toEqual({ kind: 'unavailable', cause });
  });
});
