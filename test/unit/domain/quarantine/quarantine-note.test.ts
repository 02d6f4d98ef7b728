import { describe, expect, it } from '@jest/globals';
import { readQuarantineNote } from '../../../../lambdas/domain/quarantine/quarantine-note.ts';

describe('a quarantine note that is read back', () => {
  it('brings no longer an error than we write: an answer must not grow with what others have written', () => {
    const quarantine = JSON.stringify({ reason: 'crm_rejected', lastError: 'x'.repeat(500_000) });
    expect(readQuarantineNote({ quarantine })).toEqual({
      reason: 'crm_rejected',
      atMs: undefined,
      redrives: 0,
      recoveries: 0,
      lastError: 'x'.repeat(1_000),
    });
  });
});
