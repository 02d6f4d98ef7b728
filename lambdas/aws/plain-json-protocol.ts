/** The SDK's JSON protocol, for inputs that are JSON already. */
import { AwsJson1_0Protocol } from '@aws-sdk/core/protocols';
import type { ShapeSerializer } from '@smithy/types';

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
 * For SQS, of which only texts and numbers are asked here, under the very names they are sent by: the SDK's serializer
 * walks the schema of each input, with its own writer of JSON. Answers and errors are read by the SDK as ever.
 */
export class PlainJsonProtocol extends AwsJson1_0Protocol {
  protected override serializer: ShapeSerializer<string> = new PlainSerializer();
}
