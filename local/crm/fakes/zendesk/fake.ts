/**
 * A fake of Zendesk's Support API: users by their external id, tickets with an idempotency key, and
 * OAuth.
 */
import { createHash } from 'node:crypto';
import type { CrmHttpResponse } from '../../crm-http-message.ts';
import { type ApiRequest, type FakeContext, type FakeVendor, objectIn } from '../fake-vendor.ts';
import { type FieldRules, findProblem } from '../field-rules.ts';
import type { RecordStore, StoredRecord } from '../record-store.ts';

const TOKEN_S = [300, 172_800] as const;
const KEY_KEPT_MS = 7_200_000;
const KEY_MAX = 255;
const SCOPES = 'users:read users:write tickets:read tickets:write';
const text = (max: number) => ({ type: 'text', max }) as const;

const USER: FieldRules = {
  external_id: text(255),
  name: text(255),
  email: text(255),
  phone: text(255),
  role: { type: 'text', oneOf: ['end-user', 'agent', 'admin'] },
  skip_verify_email: { type: 'boolean' },
  notes: text(65_535),
  details: text(65_535),
};

const TICKET: FieldRules = {
  external_id: text(255),
  requester_id: { type: 'integer' },
  subject: text(150),
  status: { type: 'text', oneOf: ['new', 'open', 'pending', 'hold', 'solved', 'closed'] },
  priority: { type: 'text', oneOf: ['urgent', 'high', 'normal', 'low'] },
  type: { type: 'text', oneOf: ['problem', 'incident', 'question', 'task'] },
};

type Json = Readonly<Record<string, unknown>>;

/** Zendesk. */
export const zendeskFake: FakeVendor = {
  title: 'Zendesk',
  settings: {},
  isTokenRequest: ({ path }) => path === '/oauth/tokens',
  token: answerToken,
  unauthorized: (why) =>
    why === 'missing'
      ? { status: 401, body: { error: 'Couldn’t authenticate you' } }
      : {
          status: 401,
          body: {
            error: 'invalid_token',
            error_description: 'The access token provided is expired, revoked, malformed or invalid for other reasons.',
          },
        },
  throttled: tooMany,
  quota: tooMany,
  errors: {
    lock: { status: 409, body: { error: 'UpdateConflict', description: 'The record was updated by another request.' } },
    'database-conflict': { status: 409, body: { error: 'DatabaseConflict', description: 'Database collision' } },
    'database-deadlock': { status: 503, headers: { 'retry-after': '2' }, body: { error: 'DatabaseDeadlock' } },
    'two-matches': invalid('email', 'DuplicateValue', 'Email: a@example.com is already being used by another user'),
    'record-invalid': invalid('phone', 'InvalidValue', 'Phone: is invalid'),
    'record-not-found': { status: 404, body: { error: 'RecordNotFound', description: 'Not found' } },
    'idempotency-error': idempotentRequestError(),
    'rate-as-text': {
      status: 429,
      headers: { 'retry-after': '5', 'content-type': 'text/plain' },
      html: 'Number of allowed API requests per minute exceeded',
    },
    'object-error': { status: 503, body: { error: { title: 'Service unavailable', message: 'Try again' } } },
  },
  respond,
  records,
};

function answerToken({ method, headers, json }: ApiRequest, { tokens, nowMs, isIn }: FakeContext): CrmHttpResponse {
  const body = objectIn(json);
  const isJson = (headers['content-type'] ?? '').startsWith('application/json');
  if (method !== 'POST' || !isJson || body === undefined) return tokenRefusal('invalid_request', 'POST JSON');
  if (body.grant_type !== 'client_credentials') return tokenRefusal('unsupported_grant_type', 'unsupported');
  if (isIn('wrong-credentials') || !tokens.isClient(body.client_id, body.client_secret)) {
    return { ...tokenRefusal('invalid_client', 'Client authentication failed'), status: 401 };
  }
  const { expires_in: seconds = 1_800, scope = SCOPES } = body;
  if (typeof seconds !== 'number' || seconds < TOKEN_S[0] || seconds > TOKEN_S[1]) {
    return tokenRefusal('invalid_request', 'expires_in must be 300 to 172800');
  }
  const token = tokens.issue(seconds * 1_000, nowMs);
  return { status: 201, body: { access_token: token, token_type: 'bearer', scope, expires_in: seconds } };
}

function tokenRefusal(code: string, description: string): CrmHttpResponse {
  return { status: 400, body: { error: code, error_description: description } };
}

function respond(request: ApiRequest, context: FakeContext): CrmHttpResponse {
  switch (`${request.method} ${request.path.replace(/\.json$/, '')}`) {
    case 'POST /api/v2/users/create_or_update':
      return upsertUser(request, context);
    case 'GET /api/v2/tickets':
      return findTickets(request, context);
    case 'POST /api/v2/tickets':
      return createTicket(request, context);
    case 'GET /api/v2/users/me':
      return { status: 200, body: { user: { id: 1, role: context.isIn('no-permission') ? 'end-user' : 'admin' } } };
    case 'GET /api/v2/oauth/tokens/current': {
      const scopes = (context.isIn('no-permission') ? 'users:read tickets:read' : SCOPES).split(' ');
      return { status: 200, body: { token: { id: 1, scopes } } };
    }
    default:
      return { status: 404, body: { error: 'InvalidEndpoint', description: 'Not found' } };
  }
}

function upsertUser({ json }: ApiRequest, { store, origin, isIn }: FakeContext): CrmHttpResponse {
  const user = objectIn(objectIn(json)?.user);
  if (user === undefined) return { status: 400, body: { error: 'InvalidRequest', description: 'user is missing' } };
  if (isIn('no-permission')) return forbidden();
  const problem = problemWith(USER, user);
  if (problem !== undefined) return problem;
  const { external_id: key } = user;
  if (typeof key !== 'string' || key === '') return invalid('external_id', 'BlankValue', 'External: cannot be blank');
  const [before] = store.find('users', 'external_id', key);
  const values: Json = { ...before?.values, ...user, external_id: before?.values.external_id ?? key };
  if (typeof values.name !== 'string' || values.name === '') {
    return invalid('name', 'BlankValue', 'Name: cannot be blank');
  }
  const id = before?.id ?? String(store.all('users').length + 9);
  store.put('users', { id, values });
  const body = { user: { id: Number(id), ...values } };
  return { status: before === undefined ? 201 : 200, headers: { location: `${origin}/api/v2/users/${id}.json` }, body };
}

function findTickets({ query }: ApiRequest, { store }: FakeContext): CrmHttpResponse {
  const key = query.get('external_id');
  const found = key === null ? store.all('tickets') : store.find('tickets', 'external_id', key);
  return { status: 200, body: { tickets: found.map(ticketOf), next_page: null, count: found.length } };
}

function createTicket(request: ApiRequest, { store, nowMs, isIn }: FakeContext): CrmHttpResponse {
  const ticket = objectIn(objectIn(request.json)?.ticket);
  if (ticket === undefined) return { status: 400, body: { error: 'InvalidRequest', description: 'ticket is missing' } };
  if (isIn('no-permission')) return forbidden();
  const key = request.headers['idempotency-key'];
  const used = key === undefined ? undefined : store.get('idempotency', key);
  const digest = createHash('sha256').update(request.text).digest('hex');
  if (used !== undefined && nowMs < Number(used.values.atMs) + KEY_KEPT_MS) {
    if (used.values.digest !== digest) return idempotentRequestError();
    return created(store.get('tickets', String(used.values.ticket)), 'hit');
  }
  if (key !== undefined && key.length > KEY_MAX) return idempotentRequestError();
  const { comment, ...values } = ticket;
  const problem = problemWith(TICKET, values) ?? commentProblem(comment);
  if (problem !== undefined) return problem;
  if (store.get('users', String(values.requester_id)) === undefined) {
    return invalid('requester', 'InvalidValue', `Requester: User ${String(values.requester_id)} is invalid`);
  }
  const id = String(store.all('tickets').length + 77);
  store.put('tickets', { id, values: { ...values, comment } });
  if (key !== undefined) store.put('idempotency', { id: key, values: { digest, ticket: id, atMs: nowMs } });
  return created(store.get('tickets', id), 'miss');
}

function created(ticket: StoredRecord | undefined, lookup: 'hit' | 'miss'): CrmHttpResponse {
  const body = { ticket: ticket === undefined ? {} : ticketOf(ticket) };
  return { status: 201, headers: { 'x-idempotency-lookup': lookup }, body };
}

function ticketOf({ id, values: { comment: _comment, ...values } }: StoredRecord) {
  return { id: Number(id), status: 'new', ...values };
}

function problemWith(rules: FieldRules, values: Json): CrmHttpResponse | undefined {
  const found = findProblem(rules, values);
  if (found === undefined) return undefined;
  return invalid(found.field, 'InvalidValue', `${found.field}: ${found.problem.replaceAll('_', ' ')}`);
}

function commentProblem(comment: unknown): CrmHttpResponse | undefined {
  const { body, public: isPublic = true, ...others } = objectIn(comment) ?? {};
  if (typeof body !== 'string' || body === '') return invalid('comment', 'BlankValue', 'Description: cannot be blank');
  const isRight = typeof isPublic === 'boolean' && Object.keys(others).length === 0;
  return isRight ? undefined : invalid('comment', 'InvalidValue', 'Comment: is invalid');
}

function invalid(field: string, code: string, description: string): CrmHttpResponse {
  const details = { [field]: [{ description, error: code }] };
  return { status: 422, body: { error: 'RecordInvalid', description: 'Record validation errors', details } };
}

function idempotentRequestError(): CrmHttpResponse {
  const message = 'The idempotency key was used with other parameters.';
  return { status: 400, body: { error: 'IdempotentRequestError', message } };
}

function forbidden(): CrmHttpResponse {
  return { status: 403, body: { error: 'Forbidden', description: 'You do not have access to this page.' } };
}

function tooMany(waitMs: number): CrmHttpResponse {
  const seconds = String(Math.ceil(waitMs / 1_000));
  const headers = { 'retry-after': seconds, 'ratelimit-remaining': '0', 'ratelimit-reset': seconds };
  return {
    status: 429,
    headers,
    body: { error: 'APIRateLimitExceeded', description: 'Number of allowed API requests per minute exceeded' },
  };
}

function records(store: RecordStore) {
  const textOf = (record: StoredRecord | undefined, name: string) => String(record?.values[name] ?? '');
  return {
    contacts: store.all('users').map((user) => ({
      key: textOf(user, 'external_id'),
      name: textOf(user, 'name'),
      phone: textOf(user, 'phone'),
    })),
    calls: store.all('tickets').map((ticket) => {
      const body = String(objectIn(ticket.values.comment)?.body ?? '');
      const [, direction = '', duration = ''] = /^(\w+) call, (\d+ s)/.exec(body) ?? [];
      return {
        key: textOf(ticket, 'external_id'),
        contact: textOf(store.get('users', textOf(ticket, 'requester_id')), 'external_id'),
        subject: textOf(ticket, 'subject'),
        duration,
        direction,
      };
    }),
  };
}
