/** Something that can happen next. */
import { FAULTS, type Fault } from './faults.ts';

/** One thing that a driver may choose. */
export interface Action {
  readonly name: string;
  /** Work goes on, a function is invoked, quarantine is looked through, time passes, or something goes wrong. */
  readonly kind: 'goes on' | 'begins' | 'redrives' | 'time' | Fault;
  /** Whether it can only be while the CRM works. */
  readonly needsCrm?: boolean;
  readonly act: () => void;
}

/** Whether the action is rationed. */
export function isFault(kind: Action['kind']): kind is Fault {
  return kind in FAULTS;
}
