import { afterAll } from '@jest/globals';
import { until } from './until.ts';

const HELD_OPEN = ['TCPSocketWrap', 'TCPServerWrap', 'ProcessWrap', 'PipeWrap'];
const before = open();

// A test file that leaves a connection, a server or a child process behind fails, and names what it is.
afterAll(async () => {
  await until(
    () => open().length <= before.length,
    `nothing of ${HELD_OPEN.join(', ')} left open: ${open().join(', ')}; at the start ${before.join(', ')}`,
  );
});

function open(): string[] {
  return process.getActiveResourcesInfo().filter((name) => HELD_OPEN.includes(name));
}
