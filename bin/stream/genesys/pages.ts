/** Lists of Genesys Cloud's API, which come in pages. */
import * as z from 'zod';
import { UserError } from '../../../cli/user-error.ts';
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import type { GenesysCall, GenesysHttp } from './http.ts';

const PAGE_SIZE = 100;
/**
 * More pages than any organisation has: a server that never ends its list must not keep us for
 * ever.
 */
const PAGES_MAX = 1_000;

const page = z.looseObject({ entities: z.optional(z.array(z.unknown())), pageCount: z.optional(z.number()) });

/** Every entity of a list, all pages of it, each read by `schema`. `path` has no query yet. */
export async function readAllPages<T>(
  http: GenesysHttp,
  call: Pick<GenesysCall, 'path' | 'doing' | 'needs'>,
  schema: z.ZodType<T>,
): Promise<T[]> {
  const all: T[] = [];
  for (let number = 1; number <= PAGES_MAX; number += 1) {
    const path = `${call.path}?pageSize=${PAGE_SIZE}&pageNumber=${number}`;
    const { entities = [], pageCount = 1 } = understand(
      page,
      await http.call({ ...call, method: 'GET', path }),
      call.doing,
    );
    all.push(...entities.map((entity) => understand(schema, entity, call.doing)));
    if (number >= pageCount || entities.length === 0) break;
  }
  return all;
}

/** Parses a response by `schema`. Throws an error that names the first difference. */
export function understand<T>(schema: z.ZodType<T>, answer: unknown, doing: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new UserError(
    printable(
      `Cannot ${doing}: Genesys Cloud’s answer is not what it should be (${issue?.path.map(String).join('.')}: ${issue?.message}).`,
    ),
  );
}
