import { describe, expect, it } from '@jest/globals';
import { SentCopies } from '../../../lambdas/processor/sent-copies.ts';

describe('copies that an environment has sent to quarantine', () => {
  it('are remembered by message and reason: another reason is sent again, so that note and row agree', () => {
    const sent = new SentCopies();
    sent.add('m-1', 'circuit_open');
    expect([sent.has('m-1', 'circuit_open'), sent.has('m-1', 'crm_rejected'), sent.has('m-2', 'circuit_open')]).toEqual(
      [true, false, false],
    );
  });

  it('are forgotten beyond a number, the oldest first', () => {
    const sent = new SentCopies(2);
    for (const id of ['m-1', 'm-2', 'm-3']) sent.add(id, 'poison');
    expect(['m-1', 'm-2', 'm-3'].map((id) => sent.has(id, 'poison'))).toEqual([false, true, true]);
  });
});
