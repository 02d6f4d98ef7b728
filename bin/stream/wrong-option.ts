/** Options that cannot be meant, found out only when they are used. */
import { UserError } from '../../cli/user-error.ts';

/** A refusal that ends the command as wrong options do. */
export class WrongOption extends UserError {}
