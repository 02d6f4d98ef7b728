/** What became of a delivery, told once: one log line, and its count; and why where it was not accepted. */
import type { DivisionOf } from '../domain/telemetry/metrics.ts';
import type { Log, Metrics } from '../ports.ts';
import type { IngestOutcome } from './accept-delivery.ts';

type RefusalCause = DivisionOf<'DeliveriesRefused'>;

const UNSIGNED: Readonly<Record<Extract<IngestOutcome, { kind: 'unsigned' }>['cause'], RefusalCause>> = {
  'no signature': 'no_signature',
  'signature malformed': 'signature_malformed',
  'signature wrong': 'signature_wrong',
};

/** Tells an outcome. A secret that cannot be used is an error: nothing is accepted until somebody mends it. */
export function reportOutcome(
  outcome: IngestOutcome,
  requestId: string,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): void {
  switch (outcome.kind) {
    case 'accepted':
      log.write('info', 'delivery accepted', {
        outcome: 'accepted',
        requestId,
        eventId: outcome.eventId ?? undefined,
        source: outcome.source,
        // By it a rotation is seen to have finished: nothing more is signed with AWSPREVIOUS.
        secretStage: outcome.secretStage,
      });
      metrics.add('DeliveriesAccepted', 1);
      break;
    case 'empty':
    case 'too_large':
      log.write('warn', 'delivery refused', { outcome: 'refused', requestId, cause: outcome.kind });
      metrics.addBy('DeliveriesRefused', outcome.kind, 1);
      break;
    case 'unsigned':
      log.write('warn', 'delivery refused', { outcome: 'refused', requestId, cause: outcome.cause });
      metrics.addBy('DeliveriesRefused', UNSIGNED[outcome.cause], 1);
      break;
    case 'secret_unusable':
    case 'not_persisted':
      log.write('error', 'delivery not accepted', { outcome: outcome.kind, requestId, cause: outcome.cause });
      metrics.addBy('DeliveriesRefused', outcome.kind, 1);
      break;
    default:
      outcome satisfies never;
  }
}
