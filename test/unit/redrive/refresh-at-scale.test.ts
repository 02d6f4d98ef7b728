import { describe, expect, it } from '@jest/globals';
import { seededFraction } from '../../harness/fakes/chance.seeded.ts';
import { proveRefresh } from '../../simulation/refresh-proof.ts';

describe('refresh of a quarantine larger than one run can hold', () => {
  // `npm run refresh-proof` does the same with 1,000,000 messages and calls of 20 ms.
  it('sends every message again before SQS deletes it', async () => {
    const proof = await proveRefresh({
      messages: 8_000,
      callMs: 2_500,
      heldMax: 400,
      runs: 16,
      random: seededFraction(1),
    });
    expect(proof).toMatchObject({ left: 8_000, expired: 0 });
    expect(proof.oldestDays).toBeLessThan(4);
    // One run alone is not enough: the proof needs several.
    expect(proof.firstRun).toBeLessThan(7_000);
  });
});
