/** Explains a failure of AWS to the user. */

import { UserError } from '../../cli/user-error.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';

/** Message of the SDK without a region. */
const REGION = /^Region (is missing|not accepted)/;

/**
 * Carries out a call of AWS; a failure becomes a refusal that says what was tried and which
 * permission it needs.
 */
export async function askAws<T>(doing: string, needs: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    // The first line: what follows it, if anything, is the SDK's advice to programmers.
    const said = message.split('\n')[0]?.slice(0, 300) ?? '';
    const denied = /AccessDenied|NotAuthorized|UnauthorizedOperation/.test(name);
    const hint = denied
      ? `\nIt needs the permission ${needs}.`
      : REGION.test(said)
        ? '\nAWS_REGION, or a profile, must name it.'
        : '';
    throw new UserError(`${printable(`Cannot ${doing}: ${name}: ${said}`)}${hint}`);
  }
}
