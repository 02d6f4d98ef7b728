/** All of the SDK's way from a command's input to its output in one step: serialize, send within bounds, deserialize. */
import { operation } from '@smithy/core/schema';
import { getSmithyContext } from '@smithy/core/transport';
import type {
  ClientProtocol,
  Endpoint,
  EndpointBearer,
  HandlerExecutionContext,
  HttpRequest,
  HttpResponse,
  MetadataBearer,
  MiddlewareStack,
  OperationSchema,
  SerdeFunctions,
  StaticOperationSchema,
} from '@smithy/types';
import type { BoundedSending } from './bounded-sending.ts';

type Way = MiddlewareStack<object, MetadataBearer>['resolve'];

/**
 * Makes every command of the client go the one step, whatever middleware the SDK would have put around it: a dozen
 * asynchronous functions, each of which copies the client's configuration or looks the endpoint up again (profile in
 * docs/performance.md). The commands, the protocol that writes requests and reads answers, the error classes and the
 * retries are the SDK's. What else commands have of middleware is the protocol's to do: the marshalling of DynamoDB's
 * documents is `DocumentProtocol`'s.
 */
export function sendDirectly(
  stack: Pick<MiddlewareStack<object, MetadataBearer>, 'concat'>,
  protocol: ClientProtocol<HttpRequest, HttpResponse>,
  endpoint: Endpoint,
  sending: BoundedSending,
): void {
  // Of what the SDK gives its protocols as their context those of this directory look at the endpoint alone.
  const serde = { endpoint: () => Promise.resolve(endpoint) } as HandlerExecutionContext &
    SerdeFunctions &
    EndpointBearer;
  // One object for each operation, by which a protocol may remember what it has found out of it.
  const operations = new Map<StaticOperationSchema, OperationSchema>();
  const resolve = (handler: Handler, context: HandlerExecutionContext) => {
    const { operationSchema, abortSignal } = getSmithyContext(context) as {
      readonly operationSchema: StaticOperationSchema;
      readonly abortSignal?: AbortSignal;
    };
    const called = operations.get(operationSchema) ?? operationOf(operationSchema);
    operations.set(operationSchema, called);
    const tryOnce = async (request: HttpRequest) => {
      const { response } = await handler({ request });
      try {
        return { response, output: await protocol.deserializeResponse(called, serde, response) };
      } catch (error) {
        throw withStatus(error, response);
      }
    };
    return async (args: { readonly input: object }) =>
      sending.send(await protocol.serializeRequest(called, args.input, serde), tryOnce, abortSignal);
  };
  // A client joins its middleware and a command's here, the document client twice, and asks the result for the way.
  const joined = { resolve: resolve as unknown as Way, concat: () => joined };
  stack.concat = (() => joined) as unknown as typeof stack.concat;
}

function operationOf([, namespace, name, traits, input, output]: StaticOperationSchema): OperationSchema {
  return operation(namespace, name, traits, input, output);
}

type Handler = (args: { readonly request: HttpRequest }) => Promise<{ readonly response: HttpResponse }>;

/** An answer that is not what the protocol expects (a proxy's page) is judged by its status. */
function withStatus(error: unknown, response: HttpResponse): unknown {
  if (typeof error === 'object' && error !== null && !('$metadata' in error)) {
    Object.assign(error, { $metadata: { httpStatusCode: response.statusCode } });
  }
  return error;
}
