/** `rotate-secret`, interrupted wherever it can be. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type RotationDependencies, rotateSecret } from '../../../bin/stream/commands/rotation.ts';
import { FIRST_SECRET, KNOWN_AFTER_MS, StreamCommandForTest } from '../../harness/stream-command.ts';

const STREAM = {
  name: 'crm-events',
  description: 'not touched by a rotation',
  enabled: true,
  routingRules: [{ name: 'calls', condition: 'interaction.type eq "voice"', enabled: true }],
};
const DESTINATION = { type: 'webhook' as const, url: 'http://127.0.0.1:1/v1/eventbridge/genesys' };

let command: StreamCommandForTest;

async function start(): Promise<void> {
  command = await StreamCommandForTest.start();
  command.genesys.addStream({ ...STREAM, destination: { ...DESTINATION, secret: FIRST_SECRET } });
}

/** Everything from the beginning. */
async function renew(): Promise<void> {
  await command.stop();
  await start();
  deliver();
}

beforeEach(start);

afterEach(() => command.stop());

/** The secret that the stream signs with. */
function streamSecret(): string | undefined {
  return command.genesys.streams[0]?.destination.secret;
}

/** While the command waits, deliveries arrive, signed with what the stream has then. */
function deliver(): void {
  command.onSleep = () =>
    command.logDelivery(streamSecret() === command.secret('AWSCURRENT') ? 'AWSCURRENT' : 'AWSPENDING');
}

function rotate(...args: readonly string[]) {
  return command.run('rotate-secret', 'crm-events', '--yes', ...args);
}

/** State after a complete rotation. */
function expectRotated(): void {
  expect(command.stages()).toEqual([['AWSPREVIOUS'], ['AWSCURRENT']]);
  expect(command.versionCount()).toBe(2);
  expect(command.secret('AWSPREVIOUS')).toBe(FIRST_SECRET);
  expect(streamSecret()).toBe(command.secret('AWSCURRENT'));
}

describe('a rotation', () => {
  it('is carried through, and changes nothing of the stream but its secret', async () => {
    deliver();
    const { code, out, notes } = await rotate();
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/signed with the new secret arrived: it is the current one now/),
    ]);
    expect(out).toMatch(`with: npm run stream -- rotate-secret crm-events --retire --api ${command.api}`);
    expectRotated();
    const [{ id: _, ...stream } = { id: '' }] = command.genesys.streams;
    expect(stream).toEqual({ ...STREAM, destination: { ...DESTINATION, secret: command.secret('AWSCURRENT') } });
    for (const secret of [FIRST_SECRET, command.secret('AWSCURRENT')]) expect(out + notes).not.toContain(secret);
  });

  it('gives the stream the new secret only when all of ingest knows it', async () => {
    const seen: { readonly waitedMs: number; readonly given: boolean }[] = [];
    command.onSleep = () => {
      const waitedMs = command.slept.reduce((sum, ms) => sum + ms, 0);
      seen.push({ waitedMs, given: streamSecret() !== FIRST_SECRET });
      if (streamSecret() !== FIRST_SECRET) command.logDelivery('AWSPENDING');
    };
    await rotate();
    const given = seen.find((look) => look.given);
    expect(seen.filter((look) => !look.given).length).toBeGreaterThan(1);
    // Rounded by the time that the test itself takes.
    expect(given?.waitedMs).toBeGreaterThan(KNOWN_AFTER_MS - 5_000);
  });

  it('promotes nothing before a delivery signed with the new secret has arrived; run again it goes on', async () => {
    command.onSleep = () => {
      command.logDelivery('AWSCURRENT');
      command.logDelivery('AWSPENDING', 'genesys-open-messaging');
    };
    const { code, out } = await rotate('--timeout', '20');
    expect([code, out]).toEqual([
      1,
      expect.stringContaining('no delivery has arrived within 20 s. Both secrets are accepted'),
    ]);
    expect(command.stages()).toEqual([['AWSCURRENT'], ['AWSPENDING']]);
    expect(streamSecret()).toBe(command.secret('AWSPENDING'));
    const pending = command.secret('AWSPENDING');
    deliver();
    command.logDelivery('AWSPENDING');
    expect(await rotate()).toMatchObject({
      code: 0,
      notes: expect.stringContaining('going on with the secret that is pending already'),
    });
    expectRotated();
    expect(command.secret('AWSCURRENT')).toBe(pending);
  });

  it('does not take for the new secret’s what an environment that lags behind logs of the one before', async () => {
    deliver();
    await rotate();
    command.onSleep = () => {};
    // The first rotation's secret, seen as pending by an environment that has not read it since.
    const first = rotate('--timeout', '5');
    command.logDelivery('AWSPENDING');
    expect((await first).code).toBe(1);
    expect(command.stages()).toEqual([['AWSPREVIOUS'], ['AWSCURRENT'], ['AWSPENDING']]);
  });

  it('asks, and without an answer changes nothing', async () => {
    const { code, asked } = await command.run('rotate-secret', 'crm-events');
    expect([code, asked.length, command.versionCount()]).toEqual([1, 1, 1]);
  });

  it('is not begun for a stream that is off or not there', async () => {
    const [stream] = command.genesys.streams;
    const { id = '', ...rest } = stream ?? { id: '' };
    command.genesys.replaceStream(id, { ...rest, enabled: false });
    expect(await rotate()).toMatchObject({ code: 1, notes: expect.stringContaining('is not enabled') });
    expect((await command.run('rotate-secret', 'other', '--yes')).notes).toContain('has no stream other');
    expect(command.versionCount()).toBe(1);
  });

  it('gives the new secret to every stream that delivers to the pipeline, and to no other', async () => {
    const second = { ...STREAM, name: 'second', enabled: false, destination: { ...DESTINATION, secret: FIRST_SECRET } };
    command.genesys.addStream(second);
    command.genesys.addStream({
      ...second,
      name: 'other',
      destination: { ...second.destination, url: 'http://127.0.0.1:2/x' },
    });
    deliver();
    await rotate();
    const secret = command.secret('AWSCURRENT');
    expect(command.genesys.streams.map(({ destination }) => destination.secret)).toEqual([
      secret,
      secret,
      FIRST_SECRET,
    ]);
    const { code, notes } = await command.run('rotate-secret', 'other', '--yes');
    expect([code, notes]).toEqual([1, expect.stringMatching(/^The stream other is not enabled/)]);
  });

  it('is not begun for a stream that delivers somewhere else', async () => {
    const elsewhere = { ...DESTINATION, url: 'http://127.0.0.1:2/x', secret: FIRST_SECRET };
    command.genesys.addStream({ ...STREAM, name: 'other', destination: elsewhere });
    const { code, notes } = await command.run('rotate-secret', 'other', '--yes');
    expect([code, notes]).toEqual([
      1,
      expect.stringMatching(/^The stream other delivers to http:\/\/127\.0\.0\.1:2\/x, not to/),
    ]);
    expect(command.versionCount()).toBe(1);
  });

  it('takes up again a rotation whose label was taken away', async () => {
    await rotate('--timeout', '1');
    const { stages } = command.secrets.describe('stream');
    const pending = Object.entries(stages).find(([, labels]) => labels.includes('AWSPENDING'))?.[0] ?? '';
    command.relabel('AWSPENDING', { from: pending });
    deliver();
    expect((await rotate()).notes).toContain('going on with a rotation that was begun before');
    expectRotated();
  });

  it('is one, though two are run at once', async () => {
    deliver();
    const both = await Promise.all([rotate(), rotate()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expectRotated();
  });

  it('makes apply say that it is under way, and leaves the stream’s secret alone', async () => {
    await rotate('--timeout', '1');
    const pending = streamSecret();
    const path = command.write({ ...STREAM, destination: { type: 'webhook' } });
    const { out, notes } = await command.run('plan', '--file', path);
    expect(notes).toBe(
      'warning: a rotation of the secret is under way; finish it with: ' +
        `npm run stream -- rotate-secret --api ${command.api} --file ${path}`,
    );
    expect(out).toMatch(/^= stream crm-events/);
    expect(streamSecret()).toBe(pending);
  });
});

class Interruption extends Error {}

/** Ports of a rotation that count their calls; the `n`-th call ends it. */
function dependencies(n: number, when: 'before' | 'after') {
  let calls = 0;
  function ending<Args extends readonly unknown[], Result>(effect: (...args: Args) => Result | Promise<Result>) {
    return async (...args: Args): Promise<Result> => {
      calls += 1;
      const last = calls === n;
      if (last && when === 'before') throw new Interruption();
      const result = await effect(...args);
      if (last) throw new Interruption();
      return result;
    };
  }
  const real = command.pipeline();
  const secrets = new Proxy(real.secrets, {
    get: (target, name) => ending((target[name as 'describe'] as () => Promise<never>).bind(target)),
  });
  const deps: RotationDependencies = {
    pipeline: { ...real, secrets, secretUse: { usesSince: ending((query) => real.secretUse.usesSince(query)) } },
    giveToStreams: ending(async (secret: string) => {
      const { id = '', ...stream } = command.genesys.streams[0] ?? {};
      command.genesys.replaceStream(id, { ...stream, destination: { ...DESTINATION, secret } });
    }),
    now: () => command.nowMs,
    sleep: ending((ms: number) => command.sleep(ms)),
    timeoutMs: 60_000,
    onStep: () => {},
  };
  return { deps, calls: () => calls, close: real.close };
}

describe('a rotation that is interrupted', () => {
  it.each(['before', 'after'] as const)(
    '%s any of its calls goes on when it is run again, with the same secret',
    async (when) => {
      deliver();
      const whole = dependencies(0, when);
      expect((await rotateSecret(whole.deps)).kind).toBe('rotated');
      const calls = whole.calls();
      whole.close();
      expect(calls).toBeGreaterThan(10);
      for (let n = 1; n <= calls; n += 1) {
        await renew();
        const first = dependencies(n, when);
        await expect(rotateSecret(first.deps)).rejects.toThrow(Interruption);
        first.close();
        // Until then nothing was lost: what the stream signs with is accepted.
        expect(command.liveSecrets()).toContain(streamSecret());
        const promoted = command.secret('AWSCURRENT') !== FIRST_SECRET;
        const second = dependencies(0, when);
        const outcome = await rotateSecret(second.deps);
        second.close();
        // One that had come to its end is followed by another one, which is not what this is about.
        if (promoted && outcome.kind === 'rotated') expect(n).toBe(calls);
        else expectRotated();
      }
    },
  );
});

describe('--retire', () => {
  async function retire() {
    return command.run('rotate-secret', '--retire', '--yes');
  }

  it('takes the previous secret away when nothing signed with it arrives any more', async () => {
    deliver();
    await rotate();
    command.onSleep = () => command.logDelivery('AWSCURRENT');
    expect(await retire()).toMatchObject({ code: 0, out: expect.stringContaining('The previous secret is removed') });
    expect(command.stages()).toEqual([['AWSCURRENT']]);
    expect(await retire()).toMatchObject({ code: 0, out: 'There is no previous secret.' });
  });

  it('keeps it while it is used', async () => {
    deliver();
    await rotate();
    command.onSleep = () => command.logDelivery('AWSPREVIOUS');
    expect(await retire()).toMatchObject({
      code: 1,
      notes: expect.stringMatching(/deliveries arrived that were signed with the previous secret: it is kept/),
    });
    expect(command.stages()).toEqual([['AWSPREVIOUS'], ['AWSCURRENT']]);
  });

  it('removes it at once with --force, although it is used', async () => {
    deliver();
    await rotate();
    command.onSleep = () => command.logDelivery('AWSPREVIOUS');
    expect((await retire()).notes).toContain('rotate-secret --retire --force');
    const before = command.nowMs;
    expect(await command.run('rotate-secret', '--retire', '--force', '--yes')).toMatchObject({ code: 0 });
    expect(command.nowMs - before).toBeLessThan(1_000);
    expect(command.stages()).toEqual([['AWSCURRENT']]);
  });

  it('does nothing while a rotation is under way, or without being confirmed', async () => {
    await rotate('--timeout', '1');
    expect(await retire()).toMatchObject({
      code: 1,
      notes: `A rotation is under way. Finish it first: npm run stream -- rotate-secret --api ${command.api}`,
    });
    const { code, asked } = await command.run('rotate-secret', '--retire');
    expect([code, asked]).toEqual([1, [expect.stringContaining('is refused from then on')]]);
  });
});
