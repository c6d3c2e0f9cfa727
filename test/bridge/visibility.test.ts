import { describe, expect, it } from '@jest/globals';
import { until } from '../support/until.ts';
import { inRig } from './rig.ts';
import type { BridgeHealth } from './runningApp.ts';

const VISIBILITY_SECONDS = 3;

describe('messages that a bridge holds for longer than their visibility timeout', () => {
  it(
    'are kept hidden in batches, and reach no second bridge',
    inRig(
      async (rig) => {
        const bridges = [await rig.start({}, 'bridge'), await rig.start({}, 'bridge')];
        const sum = async (figure: (health: BridgeHealth) => number) =>
          (await Promise.all(bridges.map(({ bridge }) => bridge()))).map(figure).reduce((a, b) => a + b);
        // Adds fail and are repeated, so that what was received is held.
        await rig.redis.config('SET', 'min-replicas-to-write', 1);
        await rig.sendOrders(25);
        await until(async () => (await sum(({ in_flight }) => in_flight)) === 25, 'the bridges hold all');
        const since = Date.now();
        const twice = VISIBILITY_SECONDS * 2_000;
        await until(() => Date.now() - since > twice, 'twice the timeout has passed');

        // Each message came once, to one of them.
        expect(await sum(({ messages }) => messages)).toBe(25);
        const extensions = await sum(({ calls }) => calls.hide);
        expect(extensions).toBeGreaterThan(0);
        // Each of the 25 was extended three times or more since.
        expect(extensions).toBeLessThan(25);

        await rig.redis.config('SET', 'min-replicas-to-write', 0);
        await rig.start({}, 'worker');
        await rig.settled();
      },
      { visibilitySeconds: VISIBILITY_SECONDS },
    ),
  );
});
