/**
 * A few thousand hostile requests and messages; `npm run fuzz` sends many more. A failure shows its
 * seed.
 */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { ingestProperty, type Tally } from './ingest-fuzz.ts';
import { fuzzLive } from './live-fuzz.ts';
import { processorProperty } from './processor-fuzz.ts';
import { redriveProperty } from './redrive-fuzz.ts';

describe('hostile input', () => {
  it('gets no 2xx unsigned and no 5xx from ingest, and what is accepted comes back byte for byte', async () => {
    const statuses: Tally = new Map();
    await fc.assert(ingestProperty(statuses), { numRuns: 1_500 });
    // Otherwise it was not hostile, or not signed, often enough to mean anything.
    expect(statuses.get('202')).toBeGreaterThan(400);
    expect(statuses.get('401')).toBeGreaterThan(400);
  });

  it('ends each message of a batch final or in quarantine, and fails no other message of it', async () => {
    const outcomes: Tally = new Map();
    await fc.assert(processorProperty(outcomes), { numRuns: 250 });
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(['applied', 'ignored', 'quarantined invalid_event']));
  });
});

describe('the redrive function', () => {
  it('refuses in its answer what it cannot do, and loses nothing of quarantine', async () => {
    const answers: Tally = new Map();
    await fc.assert(redriveProperty(answers), { numRuns: 250 });
    expect([...answers.keys()]).toEqual(expect.arrayContaining(['redrive', 'refused']));
  });
});

describe('hostile input to the real bundles', () => {
  let pipeline: LocalPipelineProcess;

  beforeAll(async () => {
    pipeline = await LocalPipelineProcess.start();
  });

  afterAll(() => pipeline?.dispose());

  it('is answered as documented, dealt with to its end, and found again at the other end', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const { problems, recovered } = await fuzzLive(pipeline, {
      requests: 300,
      messages: 300,
      seed,
      patienceMs: 60_000,
    });
    expect({ seed, problems }).toEqual({ seed, problems: [] });
    expect(recovered).toBeGreaterThan(200);
  });
});
