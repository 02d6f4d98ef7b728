/** One log line for each delivery: what became of it, and why where it was not accepted. */
import type { Log } from '../ports.ts';
import type { IngestOutcome } from './accept-delivery.ts';

/** Logs an outcome. A secret that cannot be used is an error: nothing is accepted until somebody mends it. */
export function logOutcome(log: Log, outcome: IngestOutcome, requestId: string): void {
  switch (outcome.kind) {
    case 'accepted':
      log.write('info', 'delivery accepted', {
        requestId,
        eventId: outcome.eventId ?? undefined,
        source: outcome.source,
        // By it a rotation is seen to have finished: nothing more is signed with AWSPREVIOUS.
        secretStage: outcome.secretStage,
      });
      break;
    case 'empty':
    case 'too_large':
      log.write('warn', 'delivery refused', { requestId, cause: outcome.kind });
      break;
    case 'unsigned':
      log.write('warn', 'delivery refused', { requestId, cause: outcome.cause });
      break;
    case 'secret_unusable':
    case 'not_persisted':
      log.write('error', 'delivery not accepted', { requestId, kind: outcome.kind, cause: outcome.cause });
      break;
    default:
      outcome satisfies never;
  }
}
