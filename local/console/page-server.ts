/** The page over HTTP, on the pipeline's own port, where no route of the API leads. */
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Result } from '../../lambdas/operations/page-content.ts';
import { readPageRequest } from '../../lambdas/operations/page-request.ts';
import { rulesOfSwitch } from './crm-switches.ts';
import { CONTENT_SECURITY_POLICY, PAGE_STYLE, SCRIPT_PATH, STYLE_PATH } from './document.ts';
import { ASK_PATH, CRM_PATH } from './form-controls.ts';
import type { OperationsPage } from './operations-page.ts';
import { mayChange } from './same-site.ts';

/** Longer than any form of the page. */
const FORM_BYTES_MAX = 8 * 1_024;
/** Results that are kept to be shown after a form was sent. */
const RESULTS_MAX = 20;

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

const SCRIPT = readFileSync(new URL('./browser.js', import.meta.url), 'utf8');

/** Answers the page's requests. */
export class PageServer {
  readonly #page: OperationsPage;
  readonly #results = new Map<string, Result>();
  #resultCount = 0;

  constructor(page: OperationsPage) {
    this.#page = page;
  }

  /**
   * Answers a request for the page; false, and nothing answered, where it is for something else.
   */
  async respond(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { method = '', url = '/' } = request;
    const { pathname, searchParams } = new URL(url, 'http://page');
    const handler = this.#handlerOf(`${method} ${pathname}`);
    if (handler === undefined) return false;
    await handler(request, response, searchParams);
    return true;
  }

  #handlerOf(line: string): PageHandler | undefined {
    switch (line) {
      case 'GET /':
        return async (_request, response, query) =>
          send(response, 200, 'text/html', await this.#page.document(await this.#asked(query)));
      case `GET ${STYLE_PATH}`:
        return async (_request, response) => send(response, 200, 'text/css', PAGE_STYLE);
      case `GET ${SCRIPT_PATH}`:
        return async (_request, response) => send(response, 200, 'text/javascript', SCRIPT);
      case 'GET /operations/live':
        return async (_request, response) =>
          send(response, 200, 'application/json', JSON.stringify(await this.#page.regions()));
      case `POST ${ASK_PATH}`:
        return (request, response) => this.#take(request, response, (form) => this.#ask(form));
      case `POST ${CRM_PATH}`:
        return (request, response) => this.#take(request, response, (form) => this.#tellCrm(form));
      default:
        return undefined;
    }
  }

  /** Result of a link, the search, or a form just sent. */
  async #asked(query: URLSearchParams): Promise<Result | undefined> {
    const eventId = query.get('eventId');
    if (eventId !== null) return this.#page.handle(readPageRequest({ ask: 'event', eventId }));
    return this.#results.get(query.get('result') ?? '');
  }

  async #take(
    request: IncomingMessage,
    response: ServerResponse,
    carryOut: (form: URLSearchParams) => Promise<Taken>,
  ): Promise<void> {
    const form = await readForm(request);
    if (form === undefined) return send(response, 413, 'text/plain', 'The form is too long.\n');
    if (!mayChange(request, form.get('token'), this.#page.token)) {
      return send(response, 403, 'text/plain', 'This does not come from the page as it is now. Reload the page.\n');
    }
    const taken = await carryOut(form);
    if (taken.kind === 'wrong') return send(response, 400, 'text/plain', `${taken.why}\n`);
    if (request.headers.accept === 'application/json') {
      return send(response, 200, 'application/json', JSON.stringify(await this.#page.regions(taken.result)));
    }
    response.writeHead(303, { ...HEADERS, location: taken.location }).end();
  }

  async #ask(form: URLSearchParams): Promise<Taken> {
    const request = readPageRequest(Object.fromEntries(form));
    if (request.kind !== 'redrive') return { kind: 'wrong', why: 'The form asks for nothing that is known.' };
    const result = await this.#page.handle(request);
    if (result === undefined) return { kind: 'done', result, location: '/' };
    return { kind: 'done', result, location: `/?result=${this.#keep(result)}#ops-result` };
  }

  async #tellCrm(form: URLSearchParams): Promise<Taken> {
    const rules = rulesOfSwitch(form.get('switch') ?? '', (form.get('phone') ?? '').trim());
    if (rules === undefined) return { kind: 'wrong', why: 'There is no such switch.' };
    if (!(await this.#page.setCrmFaults(rules))) return { kind: 'wrong', why: 'There is no sample CRM that takes it.' };
    return { kind: 'done', result: undefined, location: '/#crm' };
  }

  #keep(result: Result): string {
    this.#resultCount += 1;
    const id = String(this.#resultCount);
    this.#results.set(id, result);
    this.#results.delete(String(this.#resultCount - RESULTS_MAX));
    return id;
  }
}

type PageHandler = (request: IncomingMessage, response: ServerResponse, query: URLSearchParams) => Promise<void>;

type Taken =
  | { readonly kind: 'done'; readonly result: Result | undefined; readonly location: string }
  | { readonly kind: 'wrong'; readonly why: string };

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { ...HEADERS, 'content-type': `${type}; charset=utf-8` }).end(body);
}

/**
 * The whole form, or undefined where it is too long; it is read to its end in either case, so that
 * it can be answered.
 */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.byteLength;
    if (length <= FORM_BYTES_MAX) chunks.push(chunk);
  }
  return length > FORM_BYTES_MAX ? undefined : new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
