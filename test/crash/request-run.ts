/**
 * One run that kills between the three requests of an action, on the fake of HubSpot: contact, call
 * and the link between them.
 */
import { readCrmRecords } from '../../local/crm/crm-client.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { causesIn } from '../harness/repeated-calls.ts';
import { LIMITS_IN_SECONDS } from '../pipeline/limits-in-seconds.ts';
import { REQUEST_POINTS } from './crash-points.ts';
import { type CrashRunOptions, killsIn, makeEvents, ONE_AT_A_TIME, type PointReport, send, sum } from './crash-run.ts';

const HUBSPOT = { 'crm.connector': 'hubspot', 'mapping.file': 'lambdas/connectors/hubspot/mapping.ts' };
/** Three requests of one action have 600 ms here. */
const RATE = { 'crm.rate': '1000/10s' };

/** Key of the contact of a phone number. */
function contactOf(phone: string): string {
  return `p${phone.slice(1)}`;
}

/**
 * Runs it on a pipeline of its own. A call counts as lost unless it is logged and linked to its
 * contact, and as applied twice if it, or its contact, exists more than once. `crmCalls` counts
 * attempts, of up to three requests each.
 */
export async function requestRun(options: Omit<CrashRunOptions, 'points'>): Promise<readonly PointReport[]> {
  const { eventsAPoint, onProgress = () => {} } = options;
  onProgress('starting the pipeline with the fake of HubSpot');
  const pipeline = await LocalPipelineProcess.start({
    script: 'test/crash/crash-host.ts',
    context: { ...LIMITS_IN_SECONDS, ...ONE_AT_A_TIME, ...HUBSPOT, ...RATE },
  });
  try {
    const events = makeEvents(REQUEST_POINTS, eventsAPoint, await pipeline.signingKey());
    await send(pipeline, events, { ...options, points: REQUEST_POINTS });
    const rows = await pipeline.rows(events.map(({ id }) => `EVENT#${id}`));
    const { contacts, calls } = await readCrmRecords(pipeline.description.crm.url);
    const contactsByKey = Map.groupBy(contacts, ({ key }) => key);
    const callsByKey = Map.groupBy(calls, ({ key }) => key);
    const known = new Set(events.flatMap(({ id, phone }) => [`i-${id}`, contactOf(phone)]));
    const stray = [...contacts, ...calls].find(({ key }) => !known.has(key));
    if (stray !== undefined) throw new Error(`the CRM has a record of no event: ${stray.key}`);
    const kills = new Set(killsIn(pipeline));
    return REQUEST_POINTS.map((point) => {
      const own = events.filter((event) => event.point === point);
      const rowOf = (id: string) => rows.get(`EVENT#${id}`);
      const attemptsOf = (id: string) => Number(rowOf(id)?.attempts ?? 0);
      const repeatedOf = (id: string) => Math.max(0, attemptsOf(id) - 1);
      const isLogged = ({ id, phone }: (typeof own)[number]) =>
        rowOf(id)?.status === 'COMPLETED' &&
        callsByKey.get(`i-${id}`)?.[0]?.contact === contactOf(phone) &&
        contactsByKey.has(contactOf(phone));
      const isTwice = ({ id, phone }: (typeof own)[number]) =>
        (callsByKey.get(`i-${id}`)?.length ?? 0) > 1 || (contactsByKey.get(contactOf(phone))?.length ?? 0) > 1;
      return {
        point: point.name,
        what: point.what,
        events: own.length,
        kills: own.filter(({ id }) => kills.has(id)).length,
        crmCalls: sum(own.map(({ id }) => attemptsOf(id))),
        repeatedCalls: sum(own.map(({ id }) => repeatedOf(id))),
        unexplainedCalls: sum(own.map(({ id }) => Math.max(0, repeatedOf(id) - causesIn(rowOf(id)).length))),
        lost: own.filter((event) => !isLogged(event)).map(({ id }) => id),
        appliedTwice: own.filter(isTwice).map(({ id }) => id),
        inQuarantine: own.filter(({ id }) => rowOf(id)?.status === 'QUARANTINED').length,
      };
    });
  } finally {
    await pipeline.dispose();
  }
}
