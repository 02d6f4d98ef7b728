/**
 * The page as a custom widget of a CloudWatch dashboard: what CloudWatch sends, and what it keeps
 * of what is answered. It takes HTML with styles and SVG, and removes scripts; a `cwdb-action`
 * element acts on the element just before it, by calling a function with the JSON that it holds
 * (CloudWatch User Guide, custom widgets).
 */
import type { ButtonLook, Controls } from './controls.ts';
import { Html, html, jsonText } from './html.ts';
import { renderPage } from './page.ts';
import type { PageContent } from './page-content.ts';
import { flatRequest, type PageRequest, readPageRequest } from './page-request.ts';
import { STYLE } from './style.ts';

/** Request of the dashboard. */
export type WidgetRequest =
  /** Its documentation, which CloudWatch shows to who edits the widget. */
  { readonly kind: 'describe' } | { readonly kind: 'page'; readonly request: PageRequest; readonly theme: Theme };

/** The console's theme. */
export type Theme = 'light' | 'dark';

/** The functions that buttons call. */
export interface WidgetEndpoints {
  /** Shows the page. */
  readonly view: string;
  /** Shows the page, and may redrive. */
  readonly act: string;
}

/** The documentation, in Markdown. */
export const WIDGET_DOCUMENTATION = {
  markdown:
    '## Operations\nWhat waits in quarantine, reason by reason, with a redrive that first shows what it would move; the ' +
    'circuit of the CRM; the life of an event by its id.\n\nWho may invoke the view function sees the page; who may ' +
    'invoke the act function as well can redrive. It takes no parameters.',
};

/** Reads what the dashboard sends. */
export function readWidgetRequest(event: unknown): WidgetRequest {
  const given = asRecord(event);
  if (given.describe !== undefined) return { kind: 'describe' };
  const context = asRecord(given.widgetContext);
  // A form's fields come beside what the pressed button holds, which counts.
  const fields = asRecord(asRecord(context.forms).all);
  return {
    kind: 'page',
    request: given.ask === 'event' ? readPageRequest({ ...fields, ...given }) : readPageRequest(given),
    theme: context.theme === 'dark' ? 'dark' : 'light',
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** The widget's HTML. */
export function renderWidget(content: PageContent, theme: Theme, endpoints: WidgetEndpoints): string {
  const page = renderPage(content, new WidgetControls(endpoints));
  // Without its default styles, which would mix with these.
  return html`<div class="cwdb-no-default-styles"></div><style>${Html.trusted(STYLE)}</style>
<div class="ops ops-theme-${theme}">${page}</div>`.text;
}

class WidgetControls implements Controls {
  readonly #endpoints: WidgetEndpoints;

  constructor(endpoints: WidgetEndpoints) {
    this.#endpoints = endpoints;
  }

  button(label: string, request: PageRequest, look: ButtonLook): Html {
    return html`<button type="button" class="ops-button ops-${look.kind}">${label}</button>${this.#action(flatRequest(request), look)}`;
  }

  search(eventId: string): Html {
    return html`<form class="ops-search"><label for="ops-event-id">Event id, phone number or interaction id</label>
<input id="ops-event-id" name="eventId" value="${eventId}" maxlength="256" autocomplete="off" spellcheck="false">
<button type="button" class="ops-button ops-primary">Find</button>${this.#action({ ask: 'event' }, { kind: 'primary' })}</form>`;
  }

  #action(payload: Readonly<Record<string, string>>, { confirmation, acts }: ButtonLook): Html {
    const endpoint = acts === true ? this.#endpoints.act : this.#endpoints.view;
    const ask = confirmation !== undefined && html` confirmation="${confirmation}"`;
    return html`<cwdb-action action="call" display="widget" endpoint="${endpoint}"${ask}>${jsonText(payload)}</cwdb-action>`;
  }
}
