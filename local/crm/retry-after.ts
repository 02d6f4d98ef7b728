/** `Retry-After` as it is given to a command that has a fake send it. */
import { UserError } from '../../cli/user-error.ts';

/**
 * Date.parse alone takes much that is no HTTP date, `abc 1` for one: all three forms begin with a
 * day, and have a time.
 */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d{2}:\d{2}:\d{2}/;

/**
 * The header's value. Refuses, naming the command, what is neither whole seconds nor an HTTP date.
 */
export function retryAfterFrom(command: string, text: string): string {
  if (/^\d{1,9}$/.test(text) || (HTTP_DATE.test(text) && !Number.isNaN(Date.parse(text)))) return text;
  throw new UserError(
    `${command} ${text}: Retry-After must be whole seconds, or an HTTP date such as "Wed, 21 Oct 2026 07:28:00 GMT"`,
  );
}
