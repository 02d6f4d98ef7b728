/** Streams in Genesys Cloud's API: `/api/v2/eventbridge/streams`. */
import * as z from 'zod';
import type { GenesysHttp } from './http.ts';
import { readAllPages, understand } from './pages.ts';

const PATH = '/api/v2/eventbridge/streams';

const rule = z.looseObject({
  name: z.string(),
  condition: z.string(),
  enabled: z.optional(z.boolean()).transform((enabled) => enabled ?? true),
});

const stream = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.optional(z.nullable(z.string())).transform((text) => text ?? ''),
  enabled: z.optional(z.boolean()).transform((enabled) => enabled ?? true),
  destination: z.looseObject({
    type: z.string(),
    url: z.optional(z.string()).transform((url) => url ?? ''),
    /** The API may leave it out or mask it. */
    secret: z.optional(z.nullable(z.string())),
  }),
  routingRules: z.optional(z.array(rule)).transform((rules) => rules ?? []),
});

/** A stream as it is sent. */
export interface StreamBody {
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly destination: { readonly type: string; readonly url: string; readonly secret: string };
  readonly routingRules: readonly { readonly name: string; readonly condition: string; readonly enabled: boolean }[];
}

/** A stream as Genesys Cloud returns it. */
export interface RemoteStream {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly enabled: boolean;
  readonly destination: { readonly type: string; readonly url: string };
  /** Defined only if the API returned it in full. For comparison; never print it. */
  readonly secret: string | undefined;
  readonly routingRules: StreamBody['routingRules'];
}

/** The calls, each with the scope that it needs. */
export class GenesysStreams {
  readonly #http: GenesysHttp;

  constructor(http: GenesysHttp) {
    this.#http = http;
  }

  /** All streams of the organisation. */
  async list(): Promise<RemoteStream[]> {
    const call = { path: PATH, doing: 'list the streams', needs: 'eventbridge:stream:view' };
    return (await readAllPages(this.#http, call, stream)).map(toRemote);
  }

  /** Adds a stream. */
  async add(body: StreamBody): Promise<RemoteStream> {
    const call = { path: PATH, doing: `add the stream ${body.name}`, needs: 'eventbridge:stream:add' };
    const answer = await this.#http.call({ ...call, method: 'POST', body });
    return toRemote(understand(stream, answer, call.doing));
  }

  /** Replaces all of a stream. */
  async replace(id: string, body: StreamBody): Promise<void> {
    const call = { path: pathOf(id), doing: `change the stream ${body.name}`, needs: 'eventbridge:stream:edit' };
    await this.#http.call({ ...call, method: 'PUT', body });
  }

  /** Deletes a stream. */
  async delete(id: string, name: string): Promise<void> {
    const call = { path: pathOf(id), doing: `delete the stream ${name}`, needs: 'eventbridge:stream:delete' };
    await this.#http.call({ ...call, method: 'DELETE' });
  }
}

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}

function toRemote({
  id,
  name,
  description,
  enabled,
  destination,
  routingRules,
}: z.output<typeof stream>): RemoteStream {
  return {
    id,
    name,
    description,
    enabled,
    destination: { type: destination.type, url: destination.url },
    secret: toldSecret(destination.secret ?? ''),
    routingRules: routingRules.map((item) => ({ name: item.name, condition: item.condition, enabled: item.enabled })),
  };
}

/** A mask (`****`) is not the secret. */
function toldSecret(text: string): string | undefined {
  return /^[0-9a-fA-F]{64}$/.test(text) ? text : undefined;
}
