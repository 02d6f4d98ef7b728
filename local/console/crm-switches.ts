/** The faults of the CRM on this machine as switches, what it has counted, and its last records. */
import { type Html, html } from '../../lambdas/operations/html.ts';
import type { LocalCrmState } from '../crm/crm-client.ts';
import { readCrmRequest } from '../crm/crm-commands.ts';
import type { FaultRule } from '../crm/crm-faults.ts';
import type { CrmRecords } from '../crm/fakes/fake-vendor.ts';
import { formatCrmRule } from '../crm/format-crm-rule.ts';
import { CRM_PATH, type FormControls } from './form-controls.ts';

/** The CRM, as it is. */
export interface CrmReading {
  readonly rules: readonly FaultRule[];
  readonly state: LocalCrmState;
  /** Only of a vendor's fake. */
  readonly latest?: CrmRecords;
}

/** Why there is no reading: the CRM is the user's own, or does not answer. */
export type NoCrm = 'not_a_sample' | 'no_answer';

/** Commands of `npm run crm` that are a button, with what they say on it. */
const SWITCHES = [
  ['up', 'Up', 'answers as usual'],
  ['down', 'Down', 'every call is answered 503'],
  ['slow', 'Slow', 'two seconds before each answer'],
  ['throttle', 'Throttle', 'every call is answered 429, with Retry-After'],
  ['apply-then-fail', 'Apply, then fail', 'every call is applied and answered 500'],
] as const;

/** Those of a vendor's fake. */
const VENDOR_SWITCHES = [
  ['quota', 'Quota used up', 'the quota of the day is used up, until midnight UTC'],
  ['lock', 'Lock', 'every record is locked'],
  ['expire-token', 'Expire token', 'access tokens issued so far expire'],
] as const;

type Switch = (typeof SWITCHES | typeof VENDOR_SWITCHES)[number];

/** The rules of a switch, or undefined if the switch is unknown or its contact is invalid. */
export function rulesOfSwitch(name: string, phone: string): readonly FaultRule[] | undefined {
  const known = [...SWITCHES, ...VENDOR_SWITCHES].some(([command]) => command === name);
  const isReject = name === 'reject' && phone !== '' && !phone.startsWith('-');
  if (!known && !isReject) return undefined;
  const request = readCrmRequest(isReject ? [name, phone] : [name]);
  return request.kind === 'behave' ? request.rules : undefined;
}

/**
 * The card's two parts, which are updated separately: while the user types into the form, the rest
 * stays up to date.
 */
export function crmRegions(crm: CrmReading | NoCrm, controls: FormControls): Record<string, Html> {
  return {
    'ops-crm': renderCrm(crm, controls),
    'ops-crm-refuse': typeof crm === 'string' ? html`` : renderRefuse(controls),
  };
}

function renderCrm(crm: CrmReading | NoCrm, controls: FormControls): Html {
  if (crm === 'not_a_sample')
    return html`<p>Events go to the CRM that CRM_BASE_URL names. Without it a CRM is started on this machine, which can be broken from here.</p>`;
  if (crm === 'no_answer') return html`<p>The CRM does not answer.</p>`;
  const { rules, state, latest } = crm;
  const switches: readonly Switch[] = latest === undefined ? SWITCHES : [...SWITCHES, ...VENDOR_SWITCHES];
  const counts: readonly (readonly [string, number])[] = [
    ['calls', state.calls],
    ['applied', state.applied],
    ['repeated', state.repeated],
    ['refused', state.refused],
    ['failed', state.failed],
    ['contacts', state.contacts],
    ...(state.loggedCalls === undefined ? [] : ([['logged calls', state.loggedCalls]] as const)),
  ];
  return html`<p>${titleOf(crm)} ${
    rules.length === 0
      ? 'answers as usual.'
      : html`has faults: <strong>${rules.map(formatCrmRule).join('; ')}</strong>.`
  }</p>
<dl class="ops-counts">${counts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value.toLocaleString('en-US')}</dd></div>`)}</dl>
<div class="ops-actions" role="group" aria-label="Faults of the CRM">${switches.map((one) => renderSwitch(one, rules, controls))}</div>${latest === undefined ? html`` : renderLatest(latest)}`;
}

/** The CRM's name. */
export function titleOf(crm: CrmReading | NoCrm): string {
  return typeof crm === 'string' ? 'CRM' : (crm.state.title ?? 'Sample CRM');
}

function renderLatest({ contacts, calls }: CrmRecords): Html {
  const contactRows = contacts.map(({ key, name, phone }) => html`<li><code>${key}</code> ${name} ${phone}</li>`);
  const callRows = calls.map(
    ({ key, contact, subject, duration, direction }) =>
      html`<li><code>${key}</code> ${subject}, ${direction}, ${duration}, of ${contact ?? 'no contact'}</li>`,
  );
  return html`<div id="ops-crm-records"><h3>Last contacts</h3><ul>${contactRows}</ul><h3>Last calls</h3><ul>${callRows}</ul></div>`;
}

function renderRefuse(controls: FormControls): Html {
  return controls.form(
    CRM_PATH,
    { switch: 'reject' },
    html`<div class="ops-search"><label for="crm-phone">Refuse one contact with 422</label><input id="crm-phone" name="phone" placeholder="+15550100" maxlength="64" autocomplete="off" required>
<button class="ops-button">Refuse it</button></div>`,
  );
}

function renderSwitch([name, label, about]: Switch, rules: readonly FaultRule[], controls: FormControls): Html {
  // A quota that was set without an end ends at midnight.
  const inForce = rules.map(({ forSeconds, ...rule }) => (rule.fault === 'quota' ? rule : { ...rule, forSeconds }));
  const pressed = JSON.stringify(rulesOfSwitch(name, '')) === JSON.stringify(inForce);
  const button = html`<button class="ops-button" id="crm-${name}" aria-pressed="${String(pressed)}" title="${about}">${label}</button>`;
  return controls.form(CRM_PATH, { switch: name }, button);
}
