/** What a person is told of each reason for quarantine: what it is called, and what to do. */
import type { QuarantineReason } from '../idempotency/event-row.ts';

/** Whether a redrive helps: by itself later, now, or only after something has been put right. */
export type RedriveHelps = 'by_itself' | 'after_repair' | 'rarely';

/** The advice for a reason. */
export interface QuarantineAdvice {
  /** A few words for a heading. */
  readonly title: string;
  /** What to do, in one or two sentences. */
  readonly next: string;
  readonly redrive: RedriveHelps;
}

/** The advice for every reason. */
export const QUARANTINE_ADVICE = {
  circuit_open: {
    title: 'The CRM was down',
    next: 'Wait. These go back by themselves, within minutes of the circuit closing.',
    redrive: 'by_itself',
  },
  retries_exhausted: {
    title: 'Every attempt failed',
    next: 'Look at the last error. What failed during an outage goes back by itself; redrive the rest when the CRM answers again.',
    redrive: 'by_itself',
  },
  behind_newer: {
    title: 'Behind a newer event',
    next: 'Wait. It goes back by itself when the newer event of the contact has been settled.',
    redrive: 'by_itself',
  },
  crm_rejected: {
    title: 'The CRM refused it',
    next: 'Read what the CRM said. Put right the data in the CRM, or the mapping, then redrive.',
    redrive: 'after_repair',
  },
  crm_ambiguous: {
    title: 'Several records match',
    next: 'The last error names the candidates. Merge them in the CRM, or give one of them the key, then redrive.',
    redrive: 'after_repair',
  },
  invalid_event: {
    title: 'Not a valid event',
    next: 'Find out who sent it, and tell them the last error. A redrive helps only after the mapping or the schema has changed.',
    redrive: 'rarely',
  },
  mapping_failed: {
    title: 'Our mapping failed',
    next: 'Mend lambdas/crm-mapping.ts, deploy, then redrive.',
    redrive: 'after_repair',
  },
  rows_rejected: {
    title: 'A row of ours was refused',
    next: 'The last error says whether the mapping’s row exists already or cannot be stored. Remove it, or change the mapping, then redrive.',
    redrive: 'after_repair',
  },
  id_reused: {
    title: 'Its id belongs to another event',
    next: 'Ask the sender why one id stands for two events. After a change of ordering keys these are ours: redrive them under the old mapping.',
    redrive: 'rarely',
  },
  too_old: {
    title: 'Too old to tell a duplicate',
    next: 'Somebody sent an old capture again. Leave it, unless you know that the CRM never had it.',
    redrive: 'rarely',
  },
  poison: {
    title: 'It ends our processes',
    next: 'Look into the processor’s log for memory and timeouts at these times. Mend the cause, then redrive.',
    redrive: 'after_repair',
  },
  dead_lettered: {
    title: 'It came too often',
    next: 'The processor kept failing around it. Look at its errors at that time, then redrive.',
    redrive: 'after_repair',
  },
} as const satisfies Readonly<Record<QuarantineReason, QuarantineAdvice>>;
