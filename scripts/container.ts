/**
 * Builds the image as it is shipped and plays with it, by the docker or podman of this machine.
 *
 *   npm run test:container                             what the image must do
 *   npm run test:container -- --pods                   the pods of deploy/kubernetes, started as a cluster would
 *   npm run test:container -- --compose                docker-compose.yml, with each of its services killed
 *   npm run test:container -- --memory                 each role with less and less memory, some minutes
 *   npm run test:container -- --base localhost/node    with another image in place of the base
 */
import { parseArgs } from 'node:util';
import { checkImage } from './container/checks.ts';
import { checkCompose } from './container/compose.ts';
import { findEngine } from './container/engine.ts';
import { measureMemory } from './container/memory.ts';
import { checkPods } from './container/pods.ts';

const IMAGE = 'order-pipeline:rig';
/** As the Dockerfile has it. */
const BASE = 'node:24-bookworm-slim';

const { values } = parseArgs({
  options: {
    base: { type: 'string' },
    compose: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    pods: { type: 'boolean', default: false },
  },
});
const engine = findEngine();
if (engine === undefined) {
  console.error('Neither docker nor podman answers on this machine: nothing of the image was tried.');
  process.exit(2);
}
if (values.base !== undefined) console.log(`On ${values.base} in place of the Dockerfile's base image.`);
const base = values.base === undefined ? [] : ['--build-arg', `BASE=${values.base}`];
// podman's own format has no HEALTHCHECK.
const format = engine.name === 'podman' ? ['--format', 'docker'] : [];
engine.run('build', ...format, ...base, '--tag', IMAGE, '.');
if (values.memory) await measureMemory(engine, IMAGE);
else if (values.pods) await checkPods(engine, IMAGE);
else if (values.compose) await checkCompose(engine);
else await checkImage(engine, IMAGE, values.base ?? BASE);
process.exit(0);
