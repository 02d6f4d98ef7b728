/** An HTTP response as it stands in a file: status line, headers, an empty line, the body. */
import { UserError } from '../../cli/user-error.ts';
import type { RuleSubject } from '../../lambdas/domain/crm/response-rules.ts';

/** Refuses a file that does not begin with a status line. */
export function readHttpFile(text: string): RuleSubject & { readonly text: string } {
  const [head = '', ...rest] = text.replaceAll('\r\n', '\n').split('\n\n');
  const [statusLine = '', ...fields] = head.split('\n');
  const status = /^HTTP\/[\d.]+ (\d{3})/.exec(statusLine)?.[1];
  if (status === undefined)
    throw new UserError(
      '--response: the file must begin with a status line such as HTTP/1.1 422 Unprocessable Content',
    );
  const headers = fields.map((field) => {
    const at = field.indexOf(':');
    return [field.slice(0, at).trim().toLowerCase(), field.slice(at + 1).trim()] as const;
  });
  const body = rest.join('\n\n');
  return { status: Number(status), headers: Object.fromEntries(headers), body: jsonIn(body), text: body };
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
