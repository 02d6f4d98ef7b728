/** `npm run stream` as a user runs it, on a fake Genesys Cloud. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FIRST_SECRET, StreamCommandForTest } from '../../harness/stream-command.ts';

const STREAM = {
  name: 'crm-events',
  description: 'For the CRM',
  enabled: true,
  destination: { type: 'webhook' },
  routingRules: [{ name: 'calls', condition: 'interaction.type eq "voice"', enabled: true }],
};
const WEBHOOK = 'http://127.0.0.1:1/v1/eventbridge/genesys';
const SENT = { ...STREAM, destination: { type: 'webhook', url: WEBHOOK, secret: FIRST_SECRET } };

let command: StreamCommandForTest;
let file: string;

beforeEach(async () => {
  command = await StreamCommandForTest.start();
  file = command.write(STREAM);
});

afterEach(() => command.stop());

function run(...args: readonly string[]) {
  const takesFile = ['plan', 'apply', 'show', 'delete', 'test', 'rotate-secret'].includes(args[0] ?? '');
  return command.run(...args, ...(takesFile ? ['--file', file] : []));
}

/** The streams as the fake was given them, without their ids. */
function streams() {
  return command.genesys.streams.map(({ id: _, ...stream }) => stream);
}

describe('plan', () => {
  it('shows what would be added, and changes nothing', async () => {
    const { code, out, asked } = await run('plan');
    expect([code, asked]).toEqual([0, []]);
    expect(out).toBe(
      [
        '+ stream crm-events',
        '  + description      For the CRM',
        '  + enabled          true',
        `  + destination.url  ${WEBHOOK}`,
        '  + secret           the current one of the pipeline',
        '  + rule calls       interaction.type eq "voice"',
      ].join('\n'),
    );
    expect(streams()).toEqual([]);
  });

  it('shows each difference, and changes nothing', async () => {
    await run('apply', '--yes');
    command.write({
      ...STREAM,
      enabled: false,
      description: 'For two CRMs',
      routingRules: [
        { name: 'calls', condition: 'interaction.type eq "voice"', enabled: false },
        { name: 'chats', condition: 'interaction.type eq "chat"' },
      ],
    });
    const { code, out } = await run('plan');
    expect(code).toBe(0);
    expect(out.split('\n').slice(1)).toEqual([
      '  ~ description  For the CRM → For two CRMs',
      '  ~ enabled      true → false',
      '  ~ rule calls   interaction.type eq "voice" → interaction.type eq "voice" (off)',
      '  + rule chats   interaction.type eq "chat"',
    ]);
    expect(streams()).toEqual([SENT]);
  });

  it('takes conditions that mean the same as the same, and a rule that is gone as removed', async () => {
    await run('apply', '--yes');
    command.write({ ...STREAM, routingRules: [{ name: 'calls', condition: '( interaction.type  eq "voice" )' }] });
    expect((await run('plan')).out).toMatch(/^= stream crm-events is as the file says/);
    command.write({ ...STREAM, routingRules: [{ name: 'chats', condition: 'a eq 1' }] });
    expect((await run('plan')).out).toContain('  - rule calls  interaction.type eq "voice"');
  });

  it('prints JSON', async () => {
    const { out } = await run('plan', '--json');
    expect(JSON.parse(out)).toMatchObject({ name: 'crm-events', kind: 'add', changes: expect.any(Array) });
  });
});

describe('apply', () => {
  it('shows the plan, asks, and adds the stream with URL and secret of the pipeline', async () => {
    command.answer = 'y';
    const { code, out, asked } = await run('apply');
    expect(code).toBe(0);
    expect(out).toMatch(/^\+ stream crm-events\n[\s\S]*Added stream crm-events \([\w-]+\)\.$/);
    expect(asked).toHaveLength(1);
    expect(streams()).toEqual([SENT]);
  });

  it.each([['n'], [''], [undefined]])('changes nothing where the answer is %j', async (answer) => {
    command.answer = answer;
    const { code, notes } = await run('apply');
    expect([code, notes]).toEqual([1, expect.stringContaining('othing was changed')]);
    expect(streams()).toEqual([]);
  });

  it('takes the pipeline’s own URL in the file, and refuses another one', async () => {
    command.write({ ...STREAM, destination: { type: 'webhook', url: SENT.destination.url } });
    expect((await run('apply', '--yes')).code).toBe(0);
    expect(streams()).toEqual([SENT]);
    command.write({ ...STREAM, destination: { type: 'webhook', url: 'https://other.example.com/' } });
    const { code, notes } = await run('apply', '--yes');
    expect([code, notes]).toEqual([
      1,
      expect.stringContaining('destination.url is https://other.example.com/, but the webhook URL of the pipeline is'),
    ]);
  });

  it('finds the stream by its name: applied again it changes nothing and does not ask', async () => {
    await run('apply', '--yes');
    const { code, asked, out } = await run('apply');
    expect([code, asked, streams()]).toEqual([0, [], [SENT]]);
    expect(out).toMatch(/^= stream crm-events is as the file says\n {2}The secret is taken to be in place/);
  });

  it('changes what differs, by replacing all of it', async () => {
    await run('apply', '--yes');
    const [before] = command.genesys.streams;
    command.write({ ...STREAM, description: 'For two CRMs' });
    expect((await run('apply', '--yes')).code).toBe(0);
    expect(streams()).toEqual([{ ...SENT, description: 'For two CRMs' }]);
    expect(command.genesys.streams[0]?.id).toBe(before?.id);
  });

  it('finds it on the last page, too', async () => {
    for (let index = 0; index < 250; index += 1) command.genesys.addStream({ ...SENT, name: `other-${index}` });
    command.genesys.addStream(SENT);
    const { code, out } = await run('apply', '--yes');
    expect([code, out]).toEqual([0, expect.stringMatching(/^= stream crm-events/)]);
  });

  it('sends the secret again where it is asked to', async () => {
    await run('apply', '--yes');
    const { out } = await run('apply', '--yes', '--resend-secret');
    expect(out).toMatch(/~ secret {2}the current one of the pipeline\nChanged/);
  });

  it('detects another secret if Genesys returns it', async () => {
    await command.stop();
    command = await StreamCommandForTest.start({ returnSecrets: true });
    file = command.write(STREAM);
    command.genesys.addStream({ ...SENT, destination: { ...SENT.destination, secret: 'b2'.repeat(32) } });
    const { code, out } = await run('apply', '--yes');
    expect([code, out]).toEqual([0, expect.stringContaining('~ secret  the current one of the pipeline')]);
    expect(streams()).toEqual([SENT]);
    expect((await run('plan')).out).toBe('= stream crm-events is as the file says');
  });
});

describe('list, show and delete', () => {
  it('show what there is, never a secret', async () => {
    await run('apply', '--yes');
    const [stream] = command.genesys.streams;
    expect((await run('list')).out).toBe(`crm-events  ${stream?.id}  on   rules 1  ${WEBHOOK}`);
    expect((await run('show')).out).toContain('  rule         calls: interaction.type eq "voice"');
    const [listed] = JSON.parse((await run('list', '--json')).out);
    expect(listed).toEqual({ id: stream?.id, ...STREAM, destination: { type: 'webhook', url: WEBHOOK } });
  });

  it('name the streams that there are where one is not', async () => {
    expect(await run('show', 'other')).toMatchObject({
      code: 1,
      notes: expect.stringContaining('has no stream other: there are none'),
    });
    await run('apply', '--yes');
    expect((await run('delete', 'other')).notes).toContain('has no stream other: there are crm-events');
  });

  it('ask before they delete', async () => {
    await run('apply', '--yes');
    expect((await run('delete')).code).toBe(1);
    expect(streams()).toHaveLength(1);
    command.answer = 'yes';
    expect(await run('delete')).toMatchObject({ code: 0, out: expect.stringMatching(/Deleted stream crm-events/) });
    expect(streams()).toEqual([]);
  });
});

describe('escape sequences that come from outside', () => {
  const evil = (text: string) => `${text}\u001b]0;x\u0007\u009b2J\n\u202e!`;
  const shown = (text: string) => `${text} ]0;x 2J !`;
  const REMOTE = {
    ...SENT,
    description: evil('text'),
    routingRules: [{ name: evil('rule'), condition: evil('a eq 1'), enabled: true }],
  };

  it('do not reach the terminal with a list, a stream or a plan', async () => {
    command.genesys.addStream({ ...REMOTE, name: evil('other') });
    command.genesys.addStream(REMOTE);
    const [other, stream] = command.genesys.streams;
    expect((await run('list')).out).toBe(
      [
        `${shown('other')}  ${other?.id}  on   rules 1  ${WEBHOOK}`,
        `crm-events       ${stream?.id}  on   rules 1  ${WEBHOOK}`,
      ].join('\n'),
    );
    const { out } = await run('show');
    expect(out).toContain(`\n  description  ${shown('text')}\n`);
    expect(out).toContain(`\n  rule         ${shown('rule')}: ${shown('a eq 1')}`);
    expect((await run('plan')).out.split('\n')).toEqual([
      `~ stream crm-events (${stream?.id})`,
      `  ~ description          ${shown('text')} → For the CRM`,
      '  + rule calls           interaction.type eq "voice"',
      `  - rule ${shown('rule')}  ${shown('a eq 1')}`,
    ]);
    expect(JSON.parse((await run('list', '--json')).out)[0].name).toBe(evil('other'));
  });

  it('nor with a refusal', async () => {
    command.genesys.addStream({ ...REMOTE, name: evil('other') });
    expect((await run('show')).notes).toMatch(`has no stream crm-events: there are ${shown('other')}.`);
    command.fail({ status: 400, path: '/api', message: evil('said') });
    expect((await run('list')).notes).toContain(`(${shown('said')}; fault; context`);
  });

  it('nor with an event that is tested', async () => {
    const path = command.write({ interaction: { type: evil('voice') } }, 'event.json');
    expect((await run('test', '--event', path)).out).toContain(`: it is "${shown('voice')}"`);
  });
});

describe('what Genesys Cloud refuses', () => {
  it('401: a token that has expired is renewed, one that is refused again is told', async () => {
    await run('apply', '--yes');
    command.fail({ status: 401, path: '/api', times: 1 });
    expect((await run('list')).code).toBe(0);
    command.fail({ status: 401, path: '/api' });
    expect(await run('list')).toMatchObject({
      code: 1,
      notes: expect.stringMatching(/^Cannot list the streams: .* answered 401[\s\S]*A new token was refused too/),
    });
  });

  it('401: credentials that are wrong', async () => {
    command.environment = { ...command.environment, GENESYS_CLIENT_SECRET: 'wrong' };
    expect((await run('list')).notes).toMatch(/does not know the OAuth client \(401\): look at GENESYS_CLIENT_ID/);
  });

  it.each([
    ['list', 'eventbridge:stream:view'],
    ['apply', 'eventbridge:stream:add'],
    ['change', 'eventbridge:stream:edit'],
    ['delete', 'eventbridge:stream:delete'],
  ])('403 for %s: names the scope that is missing', async (what, scope) => {
    if (what !== 'apply') await run('apply', '--yes');
    command.genesys.scopes = new Set([...command.genesys.scopes].filter((other) => other !== scope));
    const args = what === 'list' ? ['list'] : [what === 'delete' ? 'delete' : 'apply', '--yes'];
    const { code, notes } = await run(...args, ...(what === 'change' ? ['--resend-secret'] : []));
    expect([code, notes]).toEqual([1, expect.stringContaining(`The OAuth client lacks ${scope}`)]);
  });

  it('404: it has gone meanwhile', async () => {
    await run('apply', '--yes');
    command.fail({ status: 404, method: 'DELETE' });
    expect((await run('delete', '--yes')).notes).toMatch(
      /^Cannot delete the stream crm-events: [\s\S]*deleted meanwhile/,
    );
    expect((await run('delete', '--yes')).notes).toMatch(`Look with: npm run stream -- list --api ${command.api}`);
  });

  it('409: the name is taken meanwhile', async () => {
    command.fail({ status: 409, method: 'POST', path: '/api' });
    expect((await run('apply', '--yes')).notes).toMatch(/^Cannot add the stream crm-events: [\s\S]*the name is taken/);
  });

  it('429: waits as long as it is asked to, and says so', async () => {
    command.fail({ status: 429, retryAfter: '7', path: '/api', times: 2 });
    const { code, notes } = await run('list');
    expect([code, command.slept]).toEqual([0, [7_000, 7_000]]);
    expect(notes).toContain('Genesys Cloud asks to wait 7 s (429)');
  });

  it('429 and 503 of the token endpoint, too', async () => {
    command.fail({ status: 429, retryAfter: '7', path: '/oauth', times: 1 });
    expect((await run('list')).code).toBe(0);
    command.fail({ status: 503, path: '/oauth', times: 1 });
    expect((await run('list')).code).toBe(0);
    expect(command.slept).toEqual([7_000, 1_000]);
    command.fail({ status: 503, path: '/oauth' });
    expect((await run('list')).notes).toMatch(/gives no token \(503\)\. Try again later\.$/);
  });

  it('429: until a date, and not beyond its patience', async () => {
    command.fail({ status: 429, retryAfter: new Date(command.nowMs + 20_000).toUTCString(), path: '/api', times: 1 });
    expect((await run('list')).code).toBe(0);
    expect(command.slept[0]).toBeGreaterThan(17_000);
    command.fail({ status: 429, retryAfter: '3600', path: '/api' });
    command.slept.length = 0;
    expect((await run('list')).notes).toContain('It asks to wait 3600 s more. Try again then.');
    expect(command.slept).toEqual([]);
  });

  it.each(['0', 'Thu, 01 Jan 1970 00:00:00 GMT'])(
    '429: pauses and loses its patience, though it may come back at once (%s)',
    async (retryAfter) => {
      command.fail({ status: 429, retryAfter, path: '/api', times: 1 });
      expect([(await run('list')).code, command.slept]).toEqual([0, [1_000]]);
      command.fail({ status: 429, retryAfter, path: '/api', times: 400 });
      expect(await run('list')).toMatchObject({
        code: 1,
        notes: expect.stringMatching(/1 s more\. Try again then\.$/),
      });
      expect(command.slept).toHaveLength(301);
    },
  );

  it.each([[500], [503], [0]])('%i: is tried again, then told', async (status) => {
    command.fail({ status, path: '/api', times: 3 });
    expect((await run('list')).code).toBe(0);
    expect(command.slept).toEqual([1_000, 2_000, 4_000]);
    command.fail({ status, path: '/api' });
    expect((await run('list')).notes).toMatch(/^Cannot list the streams: [\s\S]*Try again later\.$/);
  });

  it('503 for an addition: is not repeated, and found by its name when run again', async () => {
    command.fail({ status: 503, method: 'POST', path: '/api', times: 1, applyFirst: true });
    const { code, notes } = await run('apply', '--yes');
    expect([code, command.slept]).toEqual([1, []]);
    expect(notes).toContain('Whether it was done is not known. Run the command again');
    expect((await run('apply', '--yes')).out).toMatch(/^= stream/);
    expect(streams()).toEqual([SENT]);
  });
});

describe('what the user has to put right', () => {
  it.each([
    [
      ['list', '--region', 'eu-moon-1'],
      2,
      /^eu-moon-1: no region of Genesys Cloud\. There are\n {2}us-east-1 +mypurecloud\.com\n/,
    ],
    [['plan', '--api', 'notaurl'], 2, /^--api notaurl: must be https/],
    [['plan', '--api', 'http://127.0.0.1:1', '--region', 'eu-west-1'], 2, /^--api and --region exclude each other/],
    [['plan', '--region', ''], 2, /^--region or GENESYS_REGION must name the region.*\n {2}us-east-1/],
    [['plan', '--region', 'mypurecloud.de'], 1, /cannot reach http:\/\/127\.0\.0\.1:1\/.*--stack NAME/s],
    [['rotate-secret', '--force'], 2, /^--force goes with --retire/],
    [['list', '--retire'], 2, /^list does not take --retire/],
    [['lst'], 2, /^lst is no command: there are plan, apply,/],
    [['apply', '--transport', 'pigeon'], 2, /^--transport pigeon: must be webhook or event-bus/],
    [['apply', '--timeout', '0'], 2, /^--timeout 0: must be a whole number/],
    [['test'], 2, /^test needs --event PATH/],
  ])('%j', async (args, code, notes) => {
    expect(await run(...args)).toMatchObject({ code, notes: expect.stringMatching(notes) });
  });

  it('is told of missing credentials', async () => {
    command.environment = { GENESYS_CLIENT_SECRET: '' };
    expect((await run('list')).notes).toMatch(/^GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET must be set/);
  });

  it('is not let send credentials over plain http', async () => {
    const { code, notes } = await command.run('list', '--api', 'http://genesys.example.com');
    expect([code, notes]).toEqual([2, expect.stringContaining('could be read on the way')]);
  });

  it.each([
    ['{"name":', /stream\.json: not JSON \(line 1 column 9, its end\)$/],
    ['{\r\n  "name": "a",\r\n  "b": tru\r\n}', /stream\.json: not JSON \(line 3 column 8\)$/],
    ['', /stream\.json: not JSON \(line 1 column 1, its end\)$/],
    [
      { ...STREAM, destination: { type: 'webhook', url: 'http://x', secret: FIRST_SECRET } },
      /destination\.secret: a secret does not belong into a file; remove it, the command reads it from Secrets Manager/,
    ],
    [{ ...STREAM, routingRules: [] }, /routingRules: /],
    [
      { ...STREAM, name: 'crm\u001b[2J', description: 'For\nthe CRM' },
      /\n {2}name: a control character \(a line break, a tab\) cannot stand in it\n {2}description: a control character/,
    ],
    [
      { ...STREAM, routingRules: [{ name: 'calls\u009b', condition: 'a eq 1' }] },
      /\n {2}routingRules\.0\.name: a control character/,
    ],
    [{ ...STREAM, '\u001b[2J': 1 }, /\n {2} \[2J: not a key of the file/],
    [{ ...STREAM, routingRules: [{ name: 'calls' }] }, /routingRules\.0\.condition: is missing/],
    [
      { ...STREAM, routingRules: [STREAM.routingRules[0], STREAM.routingRules[0]] },
      /rule 2 \(calls\): rule 1 has this name too/,
    ],
    [
      { ...STREAM, routingRules: [{ name: 'all', condition: 'a eq "*"' }] },
      /rule 1 \(all\): a wildcard: .*\n {4}a eq "\*"\n {9}\^\^\^$/,
    ],
  ])('is told what is wrong with the file, and nothing is asked: %j', async (wrong, notes) => {
    command.write(wrong);
    command.fail({ status: 500 });
    expect(await run('apply', '--yes')).toMatchObject({ code: 1, notes: expect.stringMatching(notes) });
    expect(command.slept).toEqual([]);
  });
});

describe('test', () => {
  const event = { eventType: 'interaction.created', interaction: { type: 'voice' } };

  it('says which rules match and why', async () => {
    const { code, out } = await run('test', '--event', command.write(event, 'event.json'));
    expect([code, out]).toEqual([
      0,
      'is sent\n  rule calls matches\n    yes  interaction.type eq "voice": it is "voice"',
    ]);
  });

  it('takes files that begin with a byte order mark', async () => {
    command.write(`\uFEFF${JSON.stringify(STREAM)}`);
    const { code, out } = await run('test', '--event', command.write(`\uFEFF${JSON.stringify(event)}`, 'event.json'));
    expect([code, out]).toEqual([0, expect.stringMatching(/^is sent\n/)]);
  });

  it('says where an event is not JSON', async () => {
    const path = command.write('[\n{"a": 1},\n]', 'event.json');
    expect(await run('test', '--event', path)).toMatchObject({
      code: 1,
      notes: `--event ${path}: not JSON (line 3 column 1)`,
    });
  });

  it('ends with 1 if an event is not sent', async () => {
    const path = command.write([event, { ...event, interaction: {} }] as object, 'event.json');
    const { code, out } = await run('test', '--event', path);
    expect(code).toBe(1);
    expect(out).toContain(
      'event 2: is not sent\n  rule calls does not match\n    no   interaction.type eq "voice": the event has no such field',
    );
  });

  it('knows that nothing is sent while the stream is off', async () => {
    command.write({ ...STREAM, enabled: false });
    const { code, out } = await run('test', '--event', command.write(event, 'event.json'));
    expect([code, out.split('\n')[0]]).toEqual([1, 'is not sent: the stream is not enabled']);
  });
});

it('never prints a secret', async () => {
  const secrets = [FIRST_SECRET, 'client-secret-of-the-test'];
  const runs = [
    await run('plan'),
    await run('plan', '--json'),
    await run('apply', '--yes'),
    await run('show', '--json'),
    await run('list', '--json'),
    await run('apply', '--yes', '--resend-secret'),
  ];
  // Some servers repeat what they do not like.
  command.fail({ status: 400, path: '/api', method: 'PUT', message: `${FIRST_SECRET} is not good` });
  runs.push(await run('apply', '--yes', '--resend-secret'));
  for (const { out, notes } of runs) {
    expect(out + notes).not.toBe('');
    for (const secret of secrets) expect(`${out}${notes}`).not.toContain(secret);
  }
});
