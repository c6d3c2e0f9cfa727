import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { BOARD_CHANGES, BOARD_READS } from '../../src/desk/boardTable.ts';

interface BoardRoute {
  method: string | string[];
  route: string | string[];
}

// What the installed version really registers: a new one brings routes that nobody here has looked at.
const { appRoutes, buildHistoryRoutes } = createRequire(import.meta.url)(
  '@bull-board/api/dist/routes.js',
) as {
  appRoutes: { entryPoint: BoardRoute; api: BoardRoute[] };
  buildHistoryRoutes(provider: unknown, capabilities: Record<string, boolean>): BoardRoute[];
};
const installed = [
  appRoutes.entryPoint,
  ...appRoutes.api,
  ...buildHistoryRoutes({}, { hasUsage: true, canPurge: true, hasLatency: true }),
].flatMap(({ method, route }) =>
  [method].flat().flatMap((each) => [route].flat().map((path) => ({ method: each, route: path }))),
);

describe('the routes of the installed Bull Board', () => {
  it('are all known here when they change something, in the same order, and no others', () => {
    const changing = installed.filter(({ method }) => method !== 'get');
    expect(BOARD_CHANGES.map(({ method, route }) => ({ method, route }))).toEqual(changing);
  });

  it('are all known here when they read', () => {
    const reading = installed.filter(({ method }) => method === 'get').map(({ route }) => route);
    expect([...BOARD_READS].sort()).toEqual(reading.sort());
  });
});
