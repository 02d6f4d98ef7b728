/**
 * A small HTTP front around an ingest handler, in a process of its own: as little as an HTTP API
 * hands to a function (payload format 2.0), and nothing else. The same for every handler that is
 * compared.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pathToFileURL } from 'node:url';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { messageOf } from '../../cli/user-error.ts';
import { listenOnLoopback } from '../../local/http/loopback.ts';
import { reportToPipeline, serverConfig } from '../../local/processes/server-process.ts';
import { usageNow } from '../process-usage.ts';
import type { HandlerConfig } from './handler-process.ts';

const ROUTE_KEY = 'POST /v1/eventbridge/genesys';

type Handler = (event: object, context: object) => Promise<APIGatewayProxyStructuredResultV2>;

const { file, environment } = serverConfig<HandlerConfig>(() => {});
try {
  Object.assign(process.env, environment);
  const { handler } = (await import(pathToFileURL(file).href)) as { readonly handler: Handler };
  const server = await listenOnLoopback((request, response) => serve(handler, request, response), 0);
  reportToPipeline({ kind: 'ready', url: server.url });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}

function serve(handler: Handler, request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/_usage') {
    response.end(JSON.stringify(usageNow()));
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('utf8');
    const requestContext = { requestId: randomUUID() };
    const context = { awsRequestId: requestContext.requestId, getRemainingTimeInMillis: () => 8_000 };
    handler(
      { routeKey: ROUTE_KEY, headers: request.headers, body, isBase64Encoded: false, requestContext },
      context,
    ).then(
      ({ statusCode = 500, headers = {}, body: answer = '' }) =>
        response.writeHead(statusCode, headers as Record<string, string>).end(answer),
      (error: unknown) => response.writeHead(500).end(messageOf(error)),
    );
  });
}
