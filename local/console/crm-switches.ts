/** The sample CRM's faults as switches, and what it has counted. */
import { type Html, html } from '../../lambdas/operations/html.ts';
import { readCrmRequest } from '../crm/crm-commands.ts';
import type { FaultRule } from '../crm/crm-faults.ts';
import { formatCrmRule } from '../crm/format-crm-rule.ts';
import type { CrmState } from '../crm/sample-crm.ts';
import { CRM_PATH, type FormControls } from './form-controls.ts';

/** The sample CRM, as it is. */
export interface CrmReading {
  readonly rules: readonly FaultRule[];
  readonly state: CrmState;
}

/** Why there is no reading: the CRM is the user's own, or does not answer. */
export type NoCrm = 'not_a_sample' | 'no_answer';

/** Commands of `npm run crm` that are a button, with what they say on it. */
const SWITCHES = [
  ['up', 'Up', 'answers as usual'],
  ['down', 'Down', 'every call is answered 503'],
  ['slow', 'Slow', 'two seconds before each answer'],
  ['throttle', 'Throttle', 'every call is answered 429, with Retry-After'],
  ['apply-then-fail', 'Apply, then fail', 'applied, and answered 500 all the same'],
] as const;

/** The rules that a switch means, or undefined where it is none, or its contact cannot be one. */
export function rulesOfSwitch(name: string, phone: string): readonly FaultRule[] | undefined {
  const known = SWITCHES.some(([command]) => command === name);
  const isReject = name === 'reject' && phone !== '' && !phone.startsWith('-');
  if (!known && !isReject) return undefined;
  const request = readCrmRequest(isReject ? [name, phone] : [name]);
  return request.kind === 'behave' ? request.rules : undefined;
}

/** The card's two parts, which change apart: while somebody types into the form, the rest stays up to date. */
export function crmRegions(crm: CrmReading | NoCrm, controls: FormControls): Record<string, Html> {
  return {
    'ops-crm': renderCrm(crm, controls),
    'ops-crm-refuse': typeof crm === 'string' ? html`` : renderRefuse(controls),
  };
}

function renderCrm(crm: CrmReading | NoCrm, controls: FormControls): Html {
  if (crm === 'not_a_sample')
    return html`<p>Events go to the CRM that CRM_BASE_URL names. Without it a sample CRM is started, which can be broken from here.</p>`;
  if (crm === 'no_answer') return html`<p>The sample CRM does not answer.</p>`;
  const { rules, state } = crm;
  const counts: readonly (readonly [string, number])[] = [
    ['calls', state.calls],
    ['applied', state.applied],
    ['repeated', state.repeated],
    ['refused', state.refused],
    ['failed', state.failed],
    ['contacts', state.contacts],
  ];
  return html`<p>It ${
    rules.length === 0 ? 'answers as usual.' : html`was told: <strong>${rules.map(formatCrmRule).join('; ')}</strong>.`
  }</p>
<dl class="ops-counts">${counts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value.toLocaleString('en-US')}</dd></div>`)}</dl>
<div class="ops-actions" role="group" aria-label="Tell the sample CRM">${SWITCHES.map((one) => renderSwitch(one, rules, controls))}</div>`;
}

function renderRefuse(controls: FormControls): Html {
  return controls.form(
    CRM_PATH,
    { switch: 'reject' },
    html`<div class="ops-search"><label for="crm-phone">Refuse one contact with 422</label><input id="crm-phone" name="phone" placeholder="+15550100" maxlength="64" autocomplete="off" required>
<button class="ops-button">Refuse it</button></div>`,
  );
}

function renderSwitch(
  [name, label, about]: (typeof SWITCHES)[number],
  rules: readonly FaultRule[],
  controls: FormControls,
): Html {
  const pressed = JSON.stringify(rulesOfSwitch(name, '')) === JSON.stringify(rules);
  const button = html`<button class="ops-button" id="crm-${name}" aria-pressed="${String(pressed)}" title="${about}">${label}</button>`;
  return controls.form(CRM_PATH, { switch: name }, button);
}
