import { describe, expect, it } from '@jest/globals';
import type { CrmRequest, CrmRequests } from '../../../../lambdas/domain/crm/connector.ts';
import type { CrmResponse } from '../../../../lambdas/domain/crm/crm-outcome.ts';
import type { ResponseRule } from '../../../../lambdas/domain/crm/response-rules.ts';
import { type Exchange, runRequests } from '../../../../lambdas/domain/crm/run-requests.ts';

const PUT: CrmRequest = { method: 'PUT', path: '/x' };
const GET: CrmRequest = { method: 'GET', path: '/x' };
const MISSING: ResponseRule = { outcome: 'permanent', name: 'missing', status: [404] };

function answered(status: number, isRepeated = false): Exchange {
  const repeated = isRepeated ? { isRepeated: true as const } : {};
  return {
    response: { kind: 'answered', status, excerpt: '', ...repeated },
    subject: { status, headers: {}, body: {} },
  };
}

function* each(...requests: readonly CrmRequest[]): CrmRequests {
  for (const request of requests) yield request;
  return undefined;
}

async function run(requests: CrmRequests, ...exchanges: readonly Exchange[]): Promise<readonly [CrmResponse, number]> {
  let sent = 0;
  const response = await runRequests(requests, [MISSING], async () => exchanges[sent++] as Exchange);
  return [response, sent];
}

describe('the requests of an action', () => {
  it('are sent one after another; the last response decides', async () => {
    const [response, sent] = await run(each(PUT, PUT), answered(201), answered(204));
    expect([response, sent]).toEqual([{ kind: 'answered', status: 204, excerpt: '', isPartlyApplied: true }, 2]);
  });

  it('end at the first that fails, with what was applied before', async () => {
    expect(await run(each(PUT, PUT), answered(500))).toEqual([{ kind: 'answered', status: 500, excerpt: '' }, 1]);
    const [response] = await run(each(PUT, PUT), answered(200), answered(500));
    expect(response).toEqual({ kind: 'answered', status: 500, excerpt: '', isPartlyApplied: true });
    const [timedOut] = await run(each(PUT, PUT), answered(200), { response: { kind: 'unknown', cause: 'timeout' } });
    expect(timedOut).toEqual({ kind: 'unknown', cause: 'timeout', isPartlyApplied: true });
  });

  it('have applied nothing by reading, or by a refusal that they expect', async () => {
    const [read] = await run(each(GET, PUT), answered(200), answered(500));
    expect(read).not.toHaveProperty('isPartlyApplied');
    const [refused] = await run(each({ ...PUT, expects: ['missing'] }, PUT), answered(404), answered(500));
    expect(refused).not.toHaveProperty('isPartlyApplied');
  });

  it('may still be running if an earlier one was repeated', async () => {
    const [response] = await run(each(PUT, PUT), answered(200, true), answered(200));
    expect(response).toMatchObject({ isRepeated: true });
    const refused: Exchange = { response: { kind: 'not_sent', cause: 'refused' } };
    const [notSent] = await run(each(PUT, PUT), answered(200, true), refused);
    expect(notSent).toEqual({ kind: 'not_sent', cause: 'refused', isPartlyApplied: true, isRepeated: true });
  });

  it('do not go on after a refusal that they do not expect', async () => {
    const [response, sent] = await run(each(PUT, PUT), answered(404));
    expect([response, sent]).toEqual([
      { kind: 'answered', status: 404, excerpt: '', meaning: { kind: 'permanent' } },
      1,
    ]);
  });

  it('may end with a meaning of their own', async () => {
    function* ambiguous(): CrmRequests {
      yield PUT;
      return 'ambiguous';
    }
    expect((await run(ambiguous(), answered(200)))[0]).toMatchObject({ meaning: { kind: 'ambiguous' } });
  });

  it('are at least one and at most three', async () => {
    await expect(run(each())).rejects.toThrow('at least one');
    await expect(run(each(PUT, PUT, PUT, PUT), ...Array(4).fill(answered(200)))).rejects.toThrow('at most 3');
  });
});
