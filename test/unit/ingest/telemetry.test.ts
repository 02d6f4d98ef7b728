/** Log line and count of a delivery. */
import { describe, expect, it } from '@jest/globals';
import type { IngestOutcome } from '../../../lambdas/ingest/accept-delivery.ts';
import { OutcomeReporter } from '../../../lambdas/ingest/report-outcome.ts';
import { MemoryLog } from '../../harness/fakes/log.memory.ts';
import { MemoryMetrics } from '../../harness/fakes/metrics.memory.ts';

function reporter() {
  const log = new MemoryLog();
  const metrics = new MemoryMetrics();
  const clock = { nowMs: 1_700_000_000_000, now: () => clock.nowMs };
  return { log, metrics, clock, reporter: new OutcomeReporter({ log, metrics, clock }) };
}

function told(outcome: IngestOutcome) {
  const { log, metrics, reporter: of } = reporter();
  of.report(outcome, 'r-1');
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

  it('that was refused has a line of its own five times a second; the others are counted with the next second', () => {
    const { log, metrics, clock, reporter: of } = reporter();
    for (let sent = 0; sent < 1_000; sent += 1) of.report({ kind: 'unsigned', cause: 'signature wrong' }, `r-${sent}`);
    of.report({ kind: 'too_large' }, 'r-1000');
    expect(log.entries).toHaveLength(5);
    clock.nowMs += 1_000;
    of.report({ kind: 'accepted', eventId: 'e-1', source: 'genesys-webhook', secretStage: 'AWSCURRENT' }, 'r-1001');
    expect(log.entries).toHaveLength(6);
    expect(Object.fromEntries(metrics.values)).toMatchObject({
      'DeliveriesRefused/signature_wrong': [1, 1, 1, 1, 1, 995],
      'DeliveriesRefused/too_large': [1],
      DeliveriesAccepted: [1],
    });
  });

  it('that was our fault has a line each time', () => {
    const { log, reporter: of } = reporter();
    for (let sent = 0; sent < 20; sent += 1) of.report({ kind: 'not_persisted', cause: 'SQS: timeout' }, 'r');
    expect(log.entries).toHaveLength(20);
  });
});
