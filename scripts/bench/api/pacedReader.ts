import { Agent, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { createPacer, systemClock } from '../../../src/cli/send/sendBatch.ts';
import { serveParent } from '../support/child.ts';

/** A dashboard in a process of its own: reads at a steady rate, whether or not those before have been answered. */
export interface PacedRequest {
  url: string;
  paths: string[];
  perSecond: number;
  seconds: number;
}

serveParent(async ({ url, paths, perSecond, seconds }: PacedRequest) => {
  const agent = new Agent({ keepAlive: true });
  const pace = createPacer(perSecond, systemClock);
  const reading: Promise<number>[] = [];
  for (let i = 0; i < perSecond * seconds; i += 1) {
    await pace(1);
    reading.push(read(agent, `${url}${paths[i % paths.length]}`));
  }
  const latencies = await Promise.all(reading);
  agent.destroy();
  return latencies;
});

/** Milliseconds until the whole answer was there. */
function read(agent: Agent, url: string): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      text(response).then((body) => {
        if (response.statusCode === 200) resolve(performance.now() - started);
        else reject(new Error(`${url}: ${response.statusCode} ${body}`));
      }, reject);
    }).on('error', reject);
  });
}
