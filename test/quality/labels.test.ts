import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { makeAuditLog } from '../../src/audit/auditLog.ts';
import { labelGroup } from '../../src/desk/quality/answering.ts';
import type { LearnedChange } from '../../src/quality/baselines/openBaselines.ts';
import { groupFindings } from '../../src/quality/outcomes/groupFindings.ts';
import { groupId } from '../../src/quality/outcomes/groups.ts';
import { judged, type Label, precisionOf, type Verdict } from '../../src/quality/outcomes/precision.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { aFinding } from './reviewRig.ts';

const [R, W, U] = ['right', 'wrong', 'unsure'] as const;
const target = (...verdicts: Verdict[]): Label[] =>
  verdicts.map((verdict, at) => ({
    verdict,
    rule: 'costly_line',
    key: 'P1',
    by: { kind: 'person', name: `p${at}` },
    at: '2026-06-20T12:00:00.000Z',
  }));

describe('labels that contradict each other', () => {
  it.each<[Verdict[], Verdict | 'disputed']>([
    [[], U],
    [[U, U], U],
    [[R], R],
    [[W, U, U], W],
    [[R, W], 'disputed'],
    [[R, W, U], 'disputed'],
    [[R, R, W], R],
    [[R, W, W], W],
    [[W, W, R, R], 'disputed'],
    [[W, W, R, R, W], W],
  ])('%j are together %s', (verdicts, together) => {
    expect(judged(target(...verdicts))).toBe(together);
  });

  it('count once for what they are on, and as neither where they are a dispute', () => {
    const targets = [target(R, R, R), target(R, W), target(W, W, R), target(U), target(R, W, W, R)];
    expect(precisionOf(targets)).toMatchObject({
      right: 1,
      wrong: 1,
      unsure: 1,
      disputed: 2,
      share: { value: 0.5 },
    });
    expect(precisionOf([target(R, W)])).not.toHaveProperty('share');
  });

  describe('as people give them', () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await startTestRedis();
    });
    afterAll(() => redis.stop());
    beforeEach(() => redis.client().flushall());

    it('have what was flagged learned when more say wrong than right, and not before', async () => {
      const client = redis.client();
      const changes: LearnedChange[] = [];
      const parts = {
        redis: client,
        audit: makeAuditLog(client, { retentionDays: 400 }),
        changeLearned: async (change: LearnedChange) => {
          changes.push(change);
        },
      };
      await groupFindings(client, 'b', [
        {
          message: 'm',
          partition: 0,
          minorUnits: 1,
          at: Date.now(),
          held: false,
          findings: [aFinding({ rule: 'price_unlike_product' })],
        },
      ]);
      const group = groupId({ rule: 'price_unlike_product', key: 'P1' });
      const label = async (name: string, verdict: Verdict) =>
        (await labelGroup(parts, { kind: 'user', name }, { group, verdict })).verdict;
      expect(await label('anna', R)).toBe(R);
      expect(await label('ben', W)).toBe('disputed');
      expect(await label('cleo', U)).toBe('disputed');
      expect(changes).toEqual([]);
      expect(await label('cleo', W)).toBe(W);
      expect(changes).toEqual([{ do: 'readmit', rule: 'price_unlike_product', key: 'P1' }]);
      expect(await label('ben', R)).toBe(R);
      expect(await label('anna', W)).toBe(W);
      expect(changes).toHaveLength(2);
    });
  });
});
