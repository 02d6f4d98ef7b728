/** The lines of the functions' logs. */
import { describe, expect, it } from '@jest/globals';
import { MetricsLineLog } from '../../../lambdas/adapters/log.metrics-line.ts';
import { PowertoolsLog } from '../../../lambdas/adapters/log.powertools.ts';
import type { Log } from '../../../lambdas/ports.ts';
import { MemoryLog } from '../../harness/fakes/log.memory.ts';
import { linesWrittenBy } from '../../harness/standard-output.ts';

function line(details: Parameters<Log['write']>[2]): {
  readonly text: string;
  readonly entry: Record<string, unknown>;
} {
  const [text = '', ...more] = linesWrittenBy(() =>
    new PowertoolsLog('processor').write('warn', 'comes back', details),
  );
  expect(more).toEqual([]);
  return { text, entry: JSON.parse(text) as Record<string, unknown> };
}

describe('a log line', () => {
  it('says when, how bad, who and what, and then the details that there are', () => {
    const { text, entry } = line({ eventId: 'e-1', interactionId: undefined, attempts: 0, reachedEnd: false });
    const { timestamp, ...rest } = entry;
    expect(Math.abs(Date.parse(String(timestamp)) - Date.now())).toBeLessThan(60_000);
    expect(rest).toEqual({
      level: 'WARN',
      service: 'processor',
      message: 'comes back',
      eventId: 'e-1',
      attempts: 0,
      reachedEnd: false,
    });
    expect(text).toMatch(/^\{"timestamp":"[^"]+","level":"WARN","service":"processor","message":"comes back",/);
  });

  it('can be found by the trace that it is part of', () => {
    process.env._X_AMZN_TRACE_ID = 'Root=1-5e1b4151-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1';
    try {
      expect(line({}).entry.xray_trace_id).toBe('1-5e1b4151-0123456789abcdef01234567');
    } finally {
      delete process.env._X_AMZN_TRACE_ID;
    }
  });

  it('names objects of the archive as they are', () => {
    const damaged = 'deliveries/2026/11/28/01/1795828067959-0bf5.gz';
    expect(line({ damaged }).entry).toMatchObject({ damaged });
  });

  it('masks what looks like a phone number, and leaves ids as they are', () => {
    const { entry } = line({
      why: 'HTTP 503: no route to +15550100',
      eventType: 'interaction.15550100',
      eventId: '15550100-0000-4000-8000-000000000000',
      interactionId: '15550100',
    });
    expect(entry).toMatchObject({
      why: 'HTTP 503: no route to +******00',
      eventType: 'interaction.******00',
      eventId: '15550100-0000-4000-8000-000000000000',
      interactionId: '15550100',
    });
  });

  it('masks e-mail addresses, and ids that are addresses', () => {
    const { entry } = line({
      lastError: 'jane.doe@example.com is taken',
      eventId: '+15550100',
      interactionId: 'sip:jane@example.com',
      requestId: 'tel:+49 30 1234567',
    });
    expect(entry).toMatchObject({
      lastError: '[email] is taken',
      eventId: '+******00',
      interactionId: 'sip:[email]',
      requestId: 'tel:+** ** *****67',
    });
  });

  it('holds nothing that a terminal would obey, in whichever field it came', () => {
    const { text, entry } = line({
      eventType: '\u001b]0;owned\u0007\u202e',
      error: 'a\nb\u009b2J',
      eventId: '\u001b[2J',
    });
    expect(text).not.toMatch(/\\u00|\\n|\u202e|\u009b/);
    expect(entry).toMatchObject({ eventType: ' ]0;owned ', error: 'a b 2J', eventId: ' [2J' });
  });
});

describe('a log on the line of the metrics', () => {
  it('puts the first outcome there, and errors and everything else on lines of their own', () => {
    const log = new MemoryLog();
    const said: string[] = [];
    const metrics = {
      addMessage: (level: string, message: string) => said.length === 0 && said.push(`${level} ${message}`) > 0,
    };
    const lines = new MetricsLineLog(log, metrics);
    lines.write('error', 'an error', {});
    lines.write('warn', 'first', { eventId: 'e-1' });
    lines.write('info', 'second', { eventId: 'e-2' });
    expect(said).toEqual(['warn first']);
    expect(log.entries.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'an error'],
      ['info', 'second'],
    ]);
  });
});
