/** The page's buttons and its form, as the place where it is shown can have them. */
import type { Html } from './html.ts';
import type { PageRequest } from './page-request.ts';

/** How a button looks, and what it asks before it acts. */
export interface ButtonLook {
  readonly kind: 'primary' | 'plain' | 'link';
  /** Said, and to be confirmed, before the request is made; where a place cannot ask, the dry run before it has to do. */
  readonly confirmation?: string;
  /** Whether the request changes anything: who may only look is not to be shown that he may. */
  readonly acts?: boolean;
}

/** Makes controls. */
export interface Controls {
  button(label: string, request: PageRequest, look: ButtonLook): Html;
  /** The search for an event, with what was searched last. */
  search(eventId: string): Html;
}
