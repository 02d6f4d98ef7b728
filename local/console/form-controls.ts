/** The page's controls on this machine: plain forms and links, which work without a script. */
import type { ButtonLook, Controls } from '../../lambdas/operations/controls.ts';
import { type Html, html } from '../../lambdas/operations/html.ts';
import { flatRequest, type PageRequest } from '../../lambdas/operations/page-request.ts';

/** Path that forms are sent to. */
export const ASK_PATH = '/operations/ask';
/** Path that the switches of the sample CRM are sent to. */
export const CRM_PATH = '/operations/crm';

/** Forms that carry the token by which this page is known from another site's. */
export class FormControls implements Controls {
  readonly token: string;

  constructor(token: string) {
    this.token = token;
  }

  button(label: string, request: PageRequest, look: ButtonLook): Html {
    if (request.kind === 'event')
      return html`<a href="/?${new URLSearchParams({ eventId: request.eventId }).toString()}#ops-result">${label}</a>`;
    return this.form(
      ASK_PATH,
      flatRequest(request),
      html`<button class="ops-button ops-${look.kind}">${label}</button>`,
    );
  }

  search(eventId: string): Html {
    return html`<form class="ops-search" method="get" action="/#ops-result"><label for="ops-event-id">Event id, phone number or interaction id</label>
<input id="ops-event-id" name="eventId" value="${eventId}" maxlength="256" autocomplete="off" spellcheck="false" required>
<button class="ops-button ops-primary">Find</button></form>`;
  }

  /** A form that changes something. */
  form(action: string, fields: Readonly<Record<string, string>>, body: Html): Html {
    const hidden = Object.entries({ ...fields, token: this.token }).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    );
    return html`<form method="post" action="${action}" data-live>${hidden}${body}</form>`;
  }
}
