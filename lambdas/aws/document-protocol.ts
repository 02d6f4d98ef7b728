/** DynamoDB's protocol for documents: plain values in requests and answers, its attribute values on the wire. */

import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { convertToAttr, convertToNative, type NativeAttributeValue } from '@aws-sdk/util-dynamodb';
import { NormalizedSchema } from '@smithy/core/schema';
import type {
  HandlerExecutionContext,
  HttpRequest,
  HttpResponse,
  MetadataBearer,
  OperationSchema,
  SerdeFunctions,
} from '@smithy/types';
import { PlainJsonProtocol } from './plain-json-protocol.ts';

/** What a part of a request or an answer becomes. */
type Conversion = (value: unknown) => unknown;

/** What an attribute's value becomes, whichever way. */
type AttributeConversion = (value: never) => unknown;

const ATTRIBUTE_VALUE = 'com.amazonaws.dynamodb#AttributeValue';

/**
 * What the document client's middleware does, done while a request is written and an answer is read: everything that
 * has the type of an attribute's value in the operation's schema is marshalled, or unmarshalled, by the SDK's own rules.
 * Where that is in an operation is looked up once. What an operation does not have is sent as it is, and for DynamoDB to
 * refuse. Errors are left as they are: the item in a `TransactionCanceledException` has attribute values, as it has with
 * the document client.
 */
export class DocumentProtocol extends PlainJsonProtocol {
  readonly #inputs = new Map<OperationSchema, Conversion>();
  readonly #outputs = new Map<OperationSchema, Conversion>();

  override serializeRequest<Input extends object>(
    operation: OperationSchema,
    input: Input,
    context: Parameters<PlainJsonProtocol['serializeRequest']>[2],
  ): Promise<HttpRequest> {
    const convert = conversionFor(operation, operation.input, this.#inputs, marshalled);
    return super.serializeRequest(operation, convert(input) as Input, context);
  }

  override async deserializeResponse<Output extends MetadataBearer>(
    operation: OperationSchema,
    context: HandlerExecutionContext & SerdeFunctions,
    response: HttpResponse,
  ): Promise<Output> {
    const output = await super.deserializeResponse<Output>(operation, context, response);
    return conversionFor(operation, operation.output, this.#outputs, unmarshalled)(output) as Output;
  }
}

/** Most values are texts, which need no library. */
function marshalled(value: NativeAttributeValue): unknown {
  if (typeof value === 'string') return { S: value };
  return withBytes(convertToAttr(value, { removeUndefinedValues: true }), toBase64);
}

function unmarshalled(value: AttributeValue): unknown {
  return convertToNative(withBytes(value, fromBase64));
}

/** The same attribute's value, its bytes converted, wherever in it they are: in JSON they are Base64. */
function withBytes(value: AttributeValue, convert: (bytes: Uint8Array) => Uint8Array): AttributeValue {
  if (value.B !== undefined) return { B: convert(value.B) };
  if (value.BS !== undefined) return { BS: value.BS.map(convert) };
  if (value.L !== undefined) return { L: value.L.map((item) => withBytes(item, convert)) };
  if (value.M === undefined) return value;
  return { M: mapValues(value.M, (item) => withBytes(item as AttributeValue, convert)) as typeof value.M };
}

/** A text in the place of bytes, for the way to JSON. */
function toBase64(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes).toString('base64') as unknown as Uint8Array;
}

function fromBase64(text: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(String(text), 'base64'));
}

function conversionFor(
  operation: OperationSchema,
  schema: OperationSchema['input'],
  known: Map<OperationSchema, Conversion>,
  convert: AttributeConversion,
): Conversion {
  let conversion = known.get(operation);
  if (conversion === undefined) {
    conversion = conversionOf(NormalizedSchema.of(schema), convert) ?? ((value) => value);
    known.set(operation, conversion);
  }
  return conversion;
}

/** Undefined where nothing has to be converted. No schema of DynamoDB but an attribute's value contains itself. */
function conversionOf(schema: NormalizedSchema, convert: AttributeConversion): Conversion | undefined {
  if (schema.isUnionSchema()) return schema.getName(true) === ATTRIBUTE_VALUE ? (convert as Conversion) : undefined;
  if (schema.isListSchema()) {
    const each = conversionOf(schema.getValueSchema(), convert);
    return each && ((values) => (values as readonly unknown[]).map(each));
  }
  if (schema.isMapSchema()) {
    const each = conversionOf(schema.getValueSchema(), convert);
    return each && ((values) => mapValues(values as object, each));
  }
  if (!schema.isStructSchema()) return undefined;
  const members: [string, Conversion][] = [];
  for (const [name, member] of schema.structIterator()) {
    const conversion = conversionOf(member, convert);
    if (conversion !== undefined) members.push([name, conversion]);
  }
  return members.length === 0 ? undefined : (value) => withMembers(value as Record<string, unknown>, members);
}

function mapValues(values: object, each: Conversion): object {
  const converted: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && typeof value !== 'function') converted[name] = each(value);
  }
  return converted;
}

function withMembers(value: Readonly<Record<string, unknown>>, members: readonly [string, Conversion][]): object {
  const converted = { ...value };
  for (const [name, convert] of members) {
    if (converted[name] !== undefined) converted[name] = convert(converted[name]);
  }
  return converted;
}
