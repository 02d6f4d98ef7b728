import { LambdaClient } from '@aws-sdk/client-lambda';
import { expect, it } from '@jest/globals';
import { invokeFunction } from '../../bin/invoke-function.ts';

it('says what may be left when the call of a function is cut off', async () => {
  const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
  const client = new LambdaClient({ endpoint: 'http://127.0.0.1:1', region: 'us-east-1', credentials, maxAttempts: 1 });
  const call = invokeFunction({ client, functionName: 'Replay' }, {}, 'To go on: npm run replay');
  await expect(call).rejects.toThrow(/^The function Replay cannot be called: .*\nTo go on: npm run replay$/s);
  client.destroy();
});
