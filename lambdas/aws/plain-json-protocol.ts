/** The SDK's JSON protocol, for inputs and outputs that are JSON already. */
import { AwsJson1_0Protocol } from '@aws-sdk/core/protocols';
import type {
  HandlerExecutionContext,
  HttpResponse,
  MetadataBearer,
  OperationSchema,
  SerdeFunctions,
  ShapeSerializer,
} from '@smithy/types';

/** As it is: no timestamps, no bytes, nothing whose name on the wire is another. */
class PlainSerializer implements ShapeSerializer<string> {
  #value: unknown;

  setSerdeContext(): void {}

  write(_schema: unknown, value: unknown): void {
    this.#value = value;
  }

  flush(): string {
    return JSON.stringify(this.#value);
  }
}

/**
 * For SQS and Secrets Manager, of which only texts and numbers are asked here, under the very names they are sent by, and
 * the base of DynamoDB's, whose attribute values are such JSON. The SDK's own walks the schema of each input and output,
 * with a reader and a writer of JSON of its own. Errors are read by the SDK as ever.
 */
export class PlainJsonProtocol extends AwsJson1_0Protocol {
  protected override serializer: ShapeSerializer<string> = new PlainSerializer();

  override async deserializeResponse<Output extends MetadataBearer>(
    operation: OperationSchema,
    context: HandlerExecutionContext & SerdeFunctions,
    response: HttpResponse,
  ): Promise<Output> {
    if (this.isErrorResponse(response.statusCode)) return super.deserializeResponse(operation, context, response);
    const { body } = response as { readonly body: Buffer };
    const output = body.length === 0 ? {} : (JSON.parse(body.toString('utf8')) as object);
    return { ...output, $metadata: this.deserializeMetadata(response) } as Output;
  }
}

/** The same in the version of Secrets Manager. */
export class PlainJson11Protocol extends PlainJsonProtocol {
  override getShapeId(): string {
    return 'aws.protocols#awsJson1_1';
  }

  protected override getJsonRpcVersion(): '1.0' {
    // The type is the base class's; what is sent is `application/x-amz-json-1.1`.
    return '1.1' as '1.0';
  }
}
