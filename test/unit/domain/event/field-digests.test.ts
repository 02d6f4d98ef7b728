import { describe, expect, it } from '@jest/globals';
import { parseEvent } from '../../../../lambdas/domain/event/event.ts';
import { fieldDigests } from '../../../../lambdas/domain/event/field-digests.ts';

describe('digests of fields', () => {
  it('are made of a field that is nested deeper than it can be written again, too', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
    const head = '"eventBridgeEventId":"e","eventType":"t","eventTimestamp":"2026-01-31T09:30:00Z"';
    const parsed = parseEvent(Buffer.from(`{${head},"deep":${deep}}`));
    if (parsed.kind === 'invalid') throw new Error(parsed.reason);
    expect(fieldDigests(parsed.event, Buffer.alloc(32, 7))).toMatch(/^deep=[0-9a-f]{8}$/);
  });
});
