/** Our signature is the SDK's, header for header; AWS itself cannot be asked here. */
import { describe, expect, it } from '@jest/globals';
import { Sha256 } from '@smithy/core/checksum';
import { HttpRequest } from '@smithy/core/transport';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { RequestSigner } from '../../../lambdas/aws/request-signer.ts';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };

function request(body: string, headers: Readonly<Record<string, string>>): HttpRequest {
  return new HttpRequest({
    method: 'POST',
    protocol: 'https:',
    hostname: 'sqs.eu-central-1.amazonaws.com',
    path: '/',
    headers: { host: 'sqs.eu-central-1.amazonaws.com', 'content-type': 'application/x-amz-json-1.0', ...headers },
    body: new TextEncoder().encode(body),
  });
}

/** Header values as they are sent: visible ASCII, no space around them and no two together. */
const headerValue = fc.stringMatching(/^[!-~]{1,30}$/);

describe('the signature of a request', () => {
  it('is the one that the SDK’s signer makes, with and without a session token, on any day', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 300 }),
        fc.dictionary(
          fc.constantFrom('x-amz-target', 'x-amzn-query-mode', 'x-amzn-trace-id', 'content-length'),
          headerValue,
        ),
        fc.option(fc.stringMatching(/^[A-Za-z0-9+/=]{1,200}$/), { nil: undefined }),
        fc.date({ min: new Date('2020-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
        fc.constantFrom('sqs', 'dynamodb', 'secretsmanager'),
        async (body, headers, sessionToken, at, service) => {
          const region = 'eu-central-1';
          const credentials = { ...CREDENTIALS, ...(sessionToken === undefined ? {} : { sessionToken }) };
          const theirs = new SignatureV4({ service, region, credentials, sha256: Sha256, applyChecksum: false });
          const wanted = await theirs.sign(request(body, headers), { signingDate: at });
          const ours = request(body, headers);
          new RequestSigner(service, region, credentials).sign(ours, at.getTime());
          expect(ours.headers).toEqual(wanted.headers);
        },
      ),
    );
  });

  it('is made with the key of its day, also when the day ends under a living environment', async () => {
    const signer = new RequestSigner('sqs', 'eu-central-1', CREDENTIALS);
    const days = ['2026-11-24T23:59:59Z', '2026-11-25T00:00:00Z', '2026-11-24T23:59:59Z'];
    const scopes = days.map((day) => {
      const signed = request('{}', {});
      signer.sign(signed, Date.parse(day));
      return signed.headers.authorization;
    });
    expect(scopes[0]).toContain('/20261124/eu-central-1/sqs/aws4_request');
    expect(scopes[1]).toContain('/20261125/eu-central-1/sqs/aws4_request');
    expect(scopes[2]).toBe(scopes[0]);
  });

  it('signs a second try anew', () => {
    const signer = new RequestSigner('sqs', 'eu-central-1', CREDENTIALS);
    const twice = request('{}', {});
    signer.sign(twice, Date.parse('2026-11-25T10:00:00Z'));
    signer.sign(twice, Date.parse('2026-11-25T10:00:01Z'));
    const once = request('{}', {});
    signer.sign(once, Date.parse('2026-11-25T10:00:01Z'));
    expect(twice.headers).toEqual(once.headers);
  });
});
