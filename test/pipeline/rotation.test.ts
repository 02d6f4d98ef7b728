/** The stream's secret provisioned and rotated while deliveries arrive, on the real bundles. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FakeGenesys } from '../../local/genesys/fake-genesys.ts';
import { sendForStreams } from '../../local/genesys/fake-genesys-deliveries.ts';
import { GenesysFaults } from '../../local/genesys/fake-genesys-faults.ts';
import { fakeGenesysListener } from '../../local/genesys/fake-genesys-http.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';

const CLIENT = { clientId: 'client', clientSecret: 'client-secret-of-the-test' };
const ENVIRONMENT = { GENESYS_CLIENT_ID: CLIENT.clientId, GENESYS_CLIENT_SECRET: CLIENT.clientSecret };

let pipeline: LocalPipelineProcess;
let genesys: FakeGenesys;
let server: LoopbackServer;

beforeAll(async () => {
  const options = { ...CLIENT, returnSecrets: false, tokenSeconds: 3_600, partnerSourceAfterMs: 0 };
  genesys = new FakeGenesys(options, Date.now);
  server = await listenOnLoopback(fakeGenesysListener({ genesys, faults: new GenesysFaults(), accessKey: 'key' }), 0);
  pipeline = await LocalPipelineProcess.start({
    context: { 'limits.secretCacheMs': '1500', 'limits.secretRereadMs': '500', 'limits.clockSkewMs': '0' },
  });
});

afterAll(async () => {
  await pipeline?.dispose();
  await server?.close();
});

function stream(...args: readonly string[]) {
  return pipeline.stream([...args, '--yes', '--api', server.url], ENVIRONMENT);
}

it('refuses no genuine delivery, from provisioning to the end of a rotation', async () => {
  expect(await stream('apply')).toMatchObject({ code: 0, stdout: expect.stringContaining('Added stream crm-events') });
  const first = genesys.streams[0]?.destination.secret;
  let rotated = false;
  const rotation = stream('rotate-secret').finally(() => {
    rotated = true;
  });
  const secrets = new Set<string | undefined>();
  const sent = { sent: 0, accepted: 0 };
  while (!rotated) {
    const { refused, sent: more, accepted } = await sendForStreams(genesys, { count: 20, ratePerSecond: 40 });
    expect(refused).toEqual({});
    sent.sent += more;
    sent.accepted += accepted;
    secrets.add(genesys.streams[0]?.destination.secret);
  }
  expect(await rotation).toMatchObject({ code: 0, stdout: expect.stringContaining('it is the current one now') });
  // Ingest learns of the promotion only by and by; both secrets are accepted all the while.
  const { refused } = await sendForStreams(genesys, { count: 40, ratePerSecond: 40 });
  expect(refused).toEqual({});
  expect(sent.accepted).toBe(sent.sent);
  expect(secrets.size).toBe(2);
  expect(genesys.streams[0]?.destination.secret).not.toBe(first);
  const { stdout, stderr } = await stream('apply');
  expect(stdout).toMatch(/^= stream crm-events is as the file says/);
  for (const secret of [...secrets, CLIENT.clientSecret]) {
    expect(`${pipeline.output}${stdout}${stderr}`).not.toContain(secret);
  }
});
