/** Something that can happen next. */
import { FAULTS, type Fault } from './faults.ts';

/** One thing that a driver may choose. */
export interface Action {
  readonly name: string;
  /**
   * Work goes on, something lands that its caller has given up, a function is invoked, quarantine
   * is examined, an archived delivery is sent again, time passes, or something goes wrong.
   */
  readonly kind: 'goes on' | 'lands' | 'begins' | 'redrives' | 'replays' | 'time' | Fault;
  /** True if it can only be while the CRM works. */
  readonly needsCrm?: boolean;
  readonly act: () => void;
}

/** True if the action is rationed. */
export function isFault(kind: Action['kind']): kind is Fault {
  return kind in FAULTS;
}
