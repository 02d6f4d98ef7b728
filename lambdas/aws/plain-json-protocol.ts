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
 * For SQS, of which only texts and numbers are asked here, under the very names they are sent by: the SDK walks the
 * schema of each input and output, with a reader and a writer of JSON of its own. Errors are read by the SDK as ever.
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
