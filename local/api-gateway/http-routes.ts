/** The HTTP API's route keys: `POST /path/{name}`, `ANY /path/{rest+}`, `$default`. */

/** A route as the template has it. */
export interface RouteSpec {
  readonly key: string;
  readonly functionArn: string;
}

/** The route that a request takes. */
export interface MatchedRoute {
  readonly route: RouteSpec;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/**
 * The most specific route: a literal path before one with parameters, those before a greedy one,
 * then `$default`.
 */
export function matchRoute(routes: readonly RouteSpec[], method: string, path: string): MatchedRoute | undefined {
  const matches = routes.flatMap((route) => {
    const match = matchKey(route.key, method, path);
    return match === undefined ? [] : [{ route, ...match }];
  });
  matches.sort((a, b) => a.rank - b.rank);
  return matches[0];
}

function matchKey(
  key: string,
  method: string,
  path: string,
): { readonly rank: number; readonly pathParameters: Record<string, string> } | undefined {
  if (key === '$default') return { rank: 1_000, pathParameters: {} };
  const [wantedMethod = '', pattern = ''] = key.split(' ');
  if (wantedMethod !== method && wantedMethod !== 'ANY') return undefined;
  const pathParameters = matchPath(pattern, path);
  if (pathParameters === undefined) return undefined;
  const greedy = pattern.includes('+}') ? 100 : 0;
  return { rank: greedy + Object.keys(pathParameters).length * 2 + (wantedMethod === 'ANY' ? 1 : 0), pathParameters };
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  if (pattern === path) return {};
  const wanted = pattern.split('/');
  const given = path.split('/');
  const parameters: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const name = /^\{(.+?)(\+?)\}$/.exec(part);
    const value = given[index];
    if (value === undefined || (name === null && value !== part)) return undefined;
    if (name?.[2] === '+') return { ...parameters, [name[1] ?? '']: given.slice(index).join('/') };
    if (name !== null) parameters[name[1] ?? ''] = decode(value);
  }
  return wanted.length === given.length ? parameters : undefined;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
