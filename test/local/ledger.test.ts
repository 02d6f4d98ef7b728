import { describe, expect, it } from '@jest/globals';
import { formatLedger } from '../../local/console/ledger.ts';

const NONE = {
  accepted: 0,
  before: 0,
  elsewhere: 0,
  applied: 0,
  stale: 0,
  ignored: 0,
  abandoned: 0,
  duplicates: 0,
  waiting: 0,
  quarantined: 0,
};

describe('the ledger', () => {
  it('shows every part that is not 0, so that the parts add up', () => {
    const ledger = { ...NONE, accepted: 3_031, applied: 2_169, stale: 630, waiting: 6, quarantined: 226 };
    expect(formatLedger(ledger)).toBe('accepted 3031 = applied 2169 · stale 630 · waiting 6 · quarantined 226');
    const parts = { before: 3, elsewhere: 2, ignored: 1, abandoned: 1, duplicates: 2, applied: 1 };
    expect(formatLedger({ ...NONE, ...parts })).toBe(
      'accepted 0 + 3 from before + 2 from elsewhere = applied 1 · ignored 1 · given up 1 · duplicates 2',
    );
  });
});
