/**
 * Secrets Manager's endpoint, as much of it as the pipeline and a rotation need (AWS JSON protocol
 * 1.1).
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { guarded } from '../http/guard.ts';
import { type LoopbackServer, listenOnLoopback } from '../http/loopback.ts';
import { readText } from '../http/request-text.ts';
import { SecretError, type SecretStore } from './secret-store.ts';

type Input = Readonly<Record<string, unknown>>;

/** Long enough for any secret, which may have 64 KiB. */
const REQUEST_BYTES_MAX = 256 * 1_024;

/** Serves `store` on a free port, to clients that have the access key. */
export function serveSecretsManager(store: SecretStore, accessKey: string): Promise<LoopbackServer> {
  const listener: RequestListener = (request, response) => {
    answer(store, request, response).catch(() => response.destroy());
  };
  return listenOnLoopback(guarded(listener, { accessKey }), 0);
}

async function answer(store: SecretStore, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readText(request, REQUEST_BYTES_MAX);
  try {
    const action = String(request.headers['x-amz-target'] ?? '').replace('secretsmanager.', '');
    send(response, 200, carryOut(store, action, JSON.parse(body) as Input));
  } catch (error) {
    const known = error instanceof SecretError ? error : refused('the request cannot be read');
    send(response, 400, { __type: known.name, message: known.message });
  }
}

function carryOut(store: SecretStore, action: string, input: Input): object {
  const secretId = required(input, 'SecretId');
  switch (action) {
    case 'GetSecretValue': {
      const found = store.get(secretId, {
        ...optional('versionId', input.VersionId),
        ...optional('stage', input.VersionStage),
      });
      return {
        ARN: found.arn,
        Name: found.name,
        VersionId: found.versionId,
        SecretString: found.value,
        VersionStages: found.stages,
        CreatedDate: found.createdAtMs / 1_000,
      };
    }
    case 'PutSecretValue': {
      const stages = Array.isArray(input.VersionStages) ? { stages: input.VersionStages.map(String) } : {};
      const token = optional('token', input.ClientRequestToken);
      const put = store.put(secretId, required(input, 'SecretString'), { ...token, ...stages });
      return { ARN: put.arn, Name: put.name, VersionId: put.versionId, VersionStages: put.stages };
    }
    case 'UpdateSecretVersionStage': {
      const { arn, name } = store.updateStage(secretId, required(input, 'VersionStage'), {
        ...optional('to', input.MoveToVersionId),
        ...optional('from', input.RemoveFromVersionId),
      });
      return { ARN: arn, Name: name };
    }
    case 'DescribeSecret': {
      const { arn, name, stages, changedAtMs } = store.describe(secretId);
      return { ARN: arn, Name: name, VersionIdsToStages: stages, LastChangedDate: changedAtMs / 1_000 };
    }
    default:
      throw refused(`${action || 'the action'} is not supported by the local Secrets Manager`);
  }
}

function optional<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  return (typeof value === 'string' ? { [key]: value } : {}) as { readonly [P in K]?: string };
}

function required(input: Input, key: string): string {
  const value = input[key];
  if (typeof value !== 'string' || value === '') throw refused(`${key} is missing`);
  return value;
}

function refused(message: string): SecretError {
  return new SecretError('InvalidParameterException', message);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
