/** The configuration as cdk reads it: cdk.json, with `-c key=value` put over it. */
import { readFileSync } from 'node:fs';
import { UserError } from '../cli/user-error.ts';
import { parseContext } from '../local/settings.ts';

/** CDK context of the working directory. `given`: the values of `-c`. */
export function cdkContext(given: readonly string[]): Readonly<Record<string, unknown>> {
  try {
    const cdkJson = JSON.parse(readFileSync('cdk.json', 'utf8')) as { readonly context?: Record<string, unknown> };
    return { ...cdkJson.context, ...parseContext(given) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cdk.json cannot be read in ${process.cwd()}: ${(error as Error).message}`);
  }
}
