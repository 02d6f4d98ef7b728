import { describe, expect, it } from '@jest/globals';
import { crmRegions, rulesOfSwitch, titleOf } from '../../local/console/crm-switches.ts';
import { FormControls } from '../../local/console/form-controls.ts';

const COUNTS = { calls: 3, applied: 2, repeated: 0, refused: 1, failed: 0, distinctKeys: 0, contacts: 1 };
const READING = {
  rules: [{ fault: 'quota', forSeconds: 7_200 }],
  state: { ...COUNTS, title: 'Salesforce', loggedCalls: 1 },
  latest: {
    contacts: [{ key: 'p15550100', name: '<b>Doe</b>', phone: '+15550100' }],
    calls: [{ key: 'c-42', contact: 'p15550100', subject: 'Call', duration: '63 s', direction: 'Inbound' }],
  },
};

function panelOf(reading: Parameters<typeof crmRegions>[0]): string {
  return crmRegions(reading, new FormControls('token'))['ops-crm']?.text ?? '';
}

describe('the CRM on the page', () => {
  it('is named, with its faults and its last contacts and calls', () => {
    const panel = panelOf(READING);
    expect(titleOf(READING)).toBe('Salesforce');
    expect(panel).toContain('Salesforce has faults: <strong>the quota of the day is used up');
    expect(panel).toContain('<li><code>p15550100</code> &lt;b&gt;Doe&lt;/b&gt; +15550100</li>');
    expect(panel).toContain('<li><code>c-42</code> Call, Inbound, 63 s, of p15550100</li>');
    expect(panel).toMatch(/id="crm-quota" aria-pressed="true"/);
  });

  it('has no switches of a vendor if it is the sample CRM', () => {
    const panel = panelOf({ rules: [], state: COUNTS });
    expect(panel).toContain('Sample CRM answers as usual.');
    expect(panel).not.toContain('crm-quota');
    expect(rulesOfSwitch('expire-token', '')).toEqual([{ fault: 'token-expired' }]);
  });
});
