import { describe, expect, it } from '@jest/globals';
import { orderingKeyDigest } from '../../../../lambdas/domain/event/event-key.ts';

describe('the digest of an ordering key', () => {
  it('distinguishes keys that UTF-8 would make the same', () => {
    const keys = ['\ud800', '\ud801', '\udc00', '\ufffd', '\ufffd\ufffd'];
    expect(new Set(keys.map(orderingKeyDigest)).size).toBe(keys.length);
  });
});
