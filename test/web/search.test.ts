import { beforeAll, describe, expect, it } from '@jest/globals';
import { openapiDocument } from '../../src/http/description/openapi.ts';
import { PROBLEM_KINDS } from '../../src/http/transport/problemKinds.ts';
import { readApi } from '../../src/web/docs/apiDocument.ts';
import { readProblemKinds } from '../../src/web/docs/problemList.ts';
import { searchIndex } from '../../src/web/docs/searchIndex.ts';

describe('the search of the docs page', () => {
  let hrefs: (text: string) => string[];
  beforeAll(() => {
    const kinds = readProblemKinds(
      Object.entries(PROBLEM_KINDS).map(([kind, { statuses, means }]) => ({
        type: `/problems/${kind}`,
        statuses: [...statuses],
        means,
      })),
    );
    const find = searchIndex(readApi(openapiDocument('upper')), kinds);
    hrefs = (text) => find(text).map(({ href }) => href);
  });

  it.each([
    ['top spenders', '#topSpenders'],
    ['/stats/series', '#series'],
    ['REVENUE DAYS', '#byDate'],
    ['granularity', '#series-granularity'],
    ['cursor', '#usersByDate-cursor'],
    ['unknown-user', '#problem-unknown-user'],
    ['rate limit', '#problem-too-many-requests'],
  ])('%s finds %s first', (text, href) => {
    expect(hrefs(text)[0]).toBe(href);
  });

  it('finds nothing for nothing, and nothing for what is not there', () => {
    expect(hrefs(' ')).toEqual([]);
    expect(hrefs('spend zebra')).toEqual([]);
  });
});
