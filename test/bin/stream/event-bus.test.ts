/** `--transport event-bus`: the official integration, on a fake Genesys Cloud. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { nextAfter } from '../../../bin/stream/event-bus.ts';
import { StreamCommandForTest } from '../../harness/stream-command.ts';

const TOPIC = 'v2.detail.events.conversation.{id}.customer.end';
const FILE = {
  name: 'crm-events',
  routingRules: [{ name: 'calls', condition: 'interaction.type eq "voice"' }],
  eventBus: {
    eventSourceSuffix: 'crm',
    awsAccountId: '123456789012',
    awsAccountRegion: 'eu-central-1',
    eventFilter: [TOPIC],
  },
};
const SOURCE = 'aws.partner/genesys.com/cloud/00000000-0000-4000-8000-00000000fa4e/crm';

let command: StreamCommandForTest;
let file: string;

beforeEach(async () => {
  command = await StreamCommandForTest.start();
  file = command.write(FILE);
});

afterEach(() => command.stop());

function run(name: string, ...args: readonly string[]) {
  return command.run(name, '--transport', 'event-bus', '--file', file, ...args);
}

describe('the official integration', () => {
  it('is planned without a change', async () => {
    const { code, out } = await run('plan');
    expect([code, out]).toEqual([
      0,
      [
        '+ integration Amazon EventBridge Source',
        '  + eventSourceSuffix  crm',
        '  + awsAccountId       123456789012',
        '  + awsAccountRegion   eu-central-1',
        `  + eventFilter        ${TOPIC}`,
        '  + state              ENABLED',
      ].join('\n'),
    ]);
    expect(command.genesys.integrations).toEqual([]);
  });

  it('is added, configured and enabled; then the partner source is waited for, and what to deploy next is said', async () => {
    command.answer = 'y';
    const { code, out, notes, asked } = await run('apply');
    expect([code, asked.length]).toEqual([0, 1]);
    expect(command.genesys.integrations).toEqual([
      { name: 'Amazon EventBridge Source', intendedState: 'ENABLED', properties: FILE.eventBus },
    ]);
    expect(notes).toContain('waiting for the partner event source');
    expect(out).toContain(`partner event source  ${SOURCE}  PENDING`);
    expect(out).toContain('WARNING: no event bus takes its events yet: what Genesys Cloud sends now is lost.');
    expect(out).toContain(`-c partnerEventSource=${SOURCE}`);
    expect(out).toContain(`-c 'partnerTopics=${TOPIC}'`);
  });

  it('is looked at again by a command that works as it is printed', async () => {
    file = command.write(FILE, 'the stream.json');
    const given = `--transport event-bus --api ${command.api} --file '${file}'`;
    expect((await run('show')).out).toBe(
      `There is no integration Amazon EventBridge Source. Add it with: npm run stream -- apply ${given}`,
    );
    expect((await run('apply', '--yes')).out).toMatch(new RegExp(`\n {4}npm run stream -- show ${given}$`));
  });

  it('is as the file says when it is applied again, and shown with its event bus once that is there', async () => {
    await run('apply', '--yes');
    command.genesys.busMade = true;
    const { code, out, asked } = await run('apply');
    expect([code, asked]).toEqual([0, []]);
    expect(out).toBe(
      `= integration Amazon EventBridge Source is as the file says\npartner event source  ${SOURCE}  ACTIVE\n  Its event bus takes events.`,
    );
    expect((await run('show')).out).toContain('state  ENABLED, reported ACTIVE');
  });

  it('is changed where it differs', async () => {
    await run('apply', '--yes');
    command.write({ ...FILE, eventBus: { ...FILE.eventBus, eventFilter: [TOPIC, 'v2.users.{id}.presence'] } });
    const { code, out } = await run('apply', '--yes');
    expect([code, out]).toEqual([
      0,
      expect.stringContaining(`~ eventFilter  ${TOPIC} → ${TOPIC}, v2.users.{id}.presence`),
    ]);
    expect(command.genesys.integrations[0]?.properties.eventFilter).toEqual([TOPIC, 'v2.users.{id}.presence']);
  });

  it('goes on where it was interrupted', async () => {
    command.fail({ status: 400, method: 'PATCH', path: '/api' });
    expect((await run('apply', '--yes')).notes).toMatch(/^Cannot enable the integration/);
    command.fail();
    expect((await run('apply', '--yes')).out).toMatch(/^~ integration .*\n {2}~ state {2}DISABLED → ENABLED\n/);
    expect(command.genesys.integrations).toHaveLength(1);
  });

  it('is waited for no longer than it is told', async () => {
    await command.stop();
    command = await StreamCommandForTest.start({ partnerSourceAfterMs: Number.POSITIVE_INFINITY });
    file = command.write(FILE);
    const { code, out } = await run('apply', '--yes', '--timeout', '10');
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('There is no partner event source …/crm in 123456789012, eu-central-1 (yet)'),
    ]);
    expect(out).toMatch(
      `Look again with: npm run stream -- show --transport event-bus --api ${command.api} --file ${file}`,
    );
  });

  it.each([
    ['view', 'plan'],
    ['add', 'apply'],
    ['edit', 'apply'],
  ])('names the permission to %s that is missing', async (scope, name) => {
    const missing = `integrations:integration:${scope}`;
    command.genesys.scopes = new Set([...command.genesys.scopes].filter((other) => other !== missing));
    const { code, notes } = await run(name, ...(name === 'apply' ? ['--yes'] : []));
    expect([code, notes]).toEqual([1, expect.stringContaining(`The OAuth client lacks ${missing}`)]);
  });

  it('needs its part of the file', async () => {
    command.write({ ...FILE, eventBus: undefined });
    expect(await run('plan')).toMatchObject({ code: 1, notes: expect.stringContaining('The file has no eventBus') });
    command.write({ ...FILE, eventBus: { ...FILE.eventBus, eventSourceSuffix: 'a/b', eventFilter: ['v3.x y'] } });
    const { notes } = await run('plan');
    expect(notes).toContain('eventBus.eventSourceSuffix: 1 to 64 letters');
    expect(notes).toContain('eventBus.eventFilter.0: a topic such as v2.');
  });

  it('sends by topic, which test knows', async () => {
    const event = command.write({ 'detail-type': TOPIC }, 'event.json');
    expect(await run('test', '--event', event)).toMatchObject({
      code: 0,
      out: `is sent: eventBus.eventFilter has ${TOPIC}`,
    });
    command.write({ 'detail-type': 'v2.other' }, 'event.json');
    expect((await run('test', '--event', event)).code).toBe(1);
  });
});

describe('the deploy command that is printed for a pending source', () => {
  it.each([
    ['Contacts', 'npx cdk deploy -c stackName=Contacts -c crm.baseUrl='],
    [undefined, 'npx cdk deploy -c crm.baseUrl='],
  ])('names the stack %s', (stack, expected) => {
    const source = { name: SOURCE, state: 'PENDING', expiresAtMs: undefined } as const;
    expect(nextAfter(source, [TOPIC], 'look', stack)).toContain(expected);
  });
});
