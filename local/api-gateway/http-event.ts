/**
 * The HTTP API's payload format 2.0, both ways: a request as an event, a function's answer as a
 * response.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { InvocationResult } from '../lambda/runtime-messages.ts';

/** A request that matched a route, with its whole body. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
  readonly receivedAtMs: number;
}

/** The response. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Buffer;
}

/** Bodies of these types are handed over as text; all others in Base64. */
const TEXT_TYPES = /^(text\/|application\/(json|javascript|xml)$)/;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The event with which the HTTP API invokes a function. */
export function toHttpEvent(
  request: HttpRequest,
  route: { readonly key: string; readonly pathParameters: Readonly<Record<string, string>> },
): APIGatewayProxyEventV2 {
  const queryAt = request.target.indexOf('?');
  const rawPath = queryAt < 0 ? request.target : request.target.slice(0, queryAt);
  const rawQueryString = queryAt < 0 ? '' : request.target.slice(queryAt + 1);
  const query = queryParameters(rawQueryString);
  const cookies = request.headers.cookie?.split('; ');
  return {
    version: '2.0',
    routeKey: route.key,
    rawPath,
    rawQueryString,
    ...(cookies === undefined ? {} : { cookies }),
    headers: joinedHeaders(request.headers),
    ...(Object.keys(query).length === 0 ? {} : { queryStringParameters: query }),
    ...(Object.keys(route.pathParameters).length === 0 ? {} : { pathParameters: { ...route.pathParameters } }),
    requestContext: requestContext(request, route.key, rawPath),
    ...bodyFields(request),
  };
}

function requestContext(
  request: HttpRequest,
  routeKey: string,
  path: string,
): APIGatewayProxyEventV2['requestContext'] {
  return {
    accountId: '000000000000',
    apiId: 'local',
    domainName: request.headers.host ?? '',
    domainPrefix: 'local',
    http: {
      method: request.method,
      path,
      protocol: 'HTTP/1.1',
      sourceIp: request.sourceIp,
      userAgent: request.headers['user-agent'] ?? '',
    },
    requestId: request.requestId,
    routeKey,
    stage: '$default',
    time: logTime(request.receivedAtMs),
    timeEpoch: request.receivedAtMs,
  };
}

/**
 * Text where the content type says text and the bytes are text, so that no byte is lost either way.
 */
function bodyFields({ headers, body }: HttpRequest): { readonly body?: string; readonly isBase64Encoded: boolean } {
  if (body.byteLength === 0) return { isBase64Encoded: false };
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const isText = TEXT_TYPES.test(type) && headers['content-encoding'] === undefined && isUtf8(body);
  return isText
    ? { body: body.toString('utf8'), isBase64Encoded: false }
    : { body: body.toString('base64'), isBase64Encoded: true };
}

/** Node has lower-cased the names and joined what is repeated; cookies travel apart. */
function joinedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || name === 'cookie') continue;
    joined[name] = Array.isArray(value) ? value.join(',') : value;
  }
  return joined;
}

function queryParameters(query: string): Record<string, string> {
  const parameters = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters.get(name);
    parameters.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(parameters);
}

/** As in access logs: `24/Nov/2026:02:40:41 +0000`. */
function logTime(atMs: number): string {
  const [year, month, day, time] = new Date(atMs).toISOString().split(/[-T.]/);
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`;
}

/** A message of the HTTP API itself. */
export function apiMessage(status: number, message: string): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ message }) };
}

/**
 * The response for a function's answer; one without `statusCode` is taken as the JSON body of a
 * 200.
 */
export function toHttpResponse(result: InvocationResult): HttpResponse {
  if (result.kind === 'failed') return apiMessage(500, 'Internal Server Error');
  const answer = result.value;
  if (typeof answer !== 'object' || answer === null || !('statusCode' in answer)) return inferred(answer);
  const { statusCode, headers, body, cookies, isBase64Encoded } = answer as Readonly<Record<string, unknown>>;
  const status = Number(statusCode);
  const text = body ?? '';
  if (!Number.isInteger(status) || status < 100 || status > 599 || typeof text !== 'string') {
    return apiMessage(500, 'Internal Server Error');
  }
  return {
    status,
    headers: { ...responseHeaders(headers), ...(Array.isArray(cookies) ? { 'set-cookie': cookies.map(String) } : {}) },
    body: isBase64Encoded === true ? Buffer.from(text, 'base64') : text,
  };
}

function inferred(answer: unknown): HttpResponse {
  const body = typeof answer === 'string' ? answer : JSON.stringify(answer ?? null);
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function responseHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}
