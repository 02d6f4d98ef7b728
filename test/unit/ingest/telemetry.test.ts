/** What ingest says of a delivery: one line, and its count. */
import { describe, expect, it } from '@jest/globals';
import type { IngestOutcome } from '../../../lambdas/ingest/accept-delivery.ts';
import { reportOutcome } from '../../../lambdas/ingest/report-outcome.ts';
import { MemoryLog } from '../../harness/fakes/log.memory.ts';
import { MemoryMetrics } from '../../harness/fakes/metrics.memory.ts';

function told(outcome: IngestOutcome) {
  const log = new MemoryLog();
  const metrics = new MemoryMetrics();
  reportOutcome(outcome, 'r-1', { log, metrics });
  return { lines: log.entries, metrics: Object.fromEntries(metrics.values) };
}

describe('a delivery', () => {
  it('that was accepted is one line with its event’s id', () => {
    expect(told({ kind: 'accepted', eventId: 'e-1', source: 'genesys-webhook', secretStage: 'AWSCURRENT' })).toEqual({
      lines: [
        {
          level: 'info',
          message: 'delivery accepted',
          details: {
            outcome: 'accepted',
            requestId: 'r-1',
            eventId: 'e-1',
            source: 'genesys-webhook',
            secretStage: 'AWSCURRENT',
          },
        },
      ],
      metrics: { DeliveriesAccepted: [1] },
    });
  });

  it.each<[IngestOutcome, string, string]>([
    [{ kind: 'empty' }, 'empty', 'warn'],
    [{ kind: 'too_large' }, 'too_large', 'warn'],
    [{ kind: 'unsigned', cause: 'no signature' }, 'no_signature', 'warn'],
    [{ kind: 'unsigned', cause: 'signature malformed' }, 'signature_malformed', 'warn'],
    [{ kind: 'unsigned', cause: 'signature wrong' }, 'signature_wrong', 'warn'],
    [{ kind: 'secret_unusable', cause: 'why' }, 'secret_unusable', 'error'],
    [{ kind: 'not_persisted', cause: 'why' }, 'not_persisted', 'error'],
  ])('that was not, %j, is counted as %s and logged as %s', (outcome, cause, level) => {
    const { lines, metrics } = told(outcome);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ level, details: { requestId: 'r-1' } });
    expect(metrics).toEqual({ DeliveriesRefused: [1], [`DeliveriesRefused/${cause}`]: [1] });
  });
});
