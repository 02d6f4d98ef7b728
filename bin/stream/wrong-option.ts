/** Options that cannot be meant, found out only when they are used. */
import { Refusal } from '../../local/refusal.ts';

/** A refusal that ends the command as wrong options do. */
export class WrongOption extends Refusal {}
