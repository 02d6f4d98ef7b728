/** The page's buttons and its form, as the place where it is shown can have them. */
import type { Html } from './html.ts';
import type { PageRequest } from './page-request.ts';

/** Style of a button, and its confirmation. */
export interface ButtonLook {
  readonly kind: 'primary' | 'plain' | 'link';
  /**
   * Said, and to be confirmed, before the request is made; where a place cannot ask, the dry run
   * before it has to do.
   */
  readonly confirmation?: string;
  /** True if the request changes anything: a reader must not be shown its buttons. */
  readonly acts?: boolean;
}

/** Makes controls. */
export interface Controls {
  button(label: string, request: PageRequest, look: ButtonLook): Html;
  /** The search for an event, with what was searched last. */
  search(eventId: string): Html;
}
