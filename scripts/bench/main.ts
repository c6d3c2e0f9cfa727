/**
 * Benchmarks: each prints ratios between contenders that ran in one go on this machine.
 *
 *   npm run bench -- bridge [--messages 20000] [--rtt 0,15] [--rounds 3]
 *   npm run bench -- latency [--rate 200] [--seconds 15]
 *   npm run bench -- memory [--messages 1000000]
 *   npm run bench -- worker [--jobs 30000] [--users 10000] [--rounds 5]
 *   npm run bench -- pulse [--jobs 30000] [--pairs 7]
 *   npm run bench -- tenure [--jobs 30000] [--pairs 7]
 *   npm run bench -- record [--orders 100000] [--users 10000] [--batch 25]
 *   npm run bench -- ledger [--orders 10000,100000,1000000]
 *   npm run bench -- users [--users 1000,1000000,10000000]
 *   npm run bench -- cluster [--jobs 20000] [--rounds 3]
 *   npm run bench -- detail [--users 100,10000,100000]
 *   npm run bench -- api [--rounds 3] [--seconds 3]
 *   npm run bench -- pipelining [--sockets 20] [--requests 1000] [--seconds 20]
 *   npm run bench -- desk [--orders 100000] [--run 5000] [--rate 200] [--rounds 3; 0 for reads alone]
 *   npm run bench -- story [--orders 3000] [--rounds 3]
 *   npm run bench -- analytics [--orders 1000000] [--times 20]
 *   npm run bench -- history [--jobs 30000] [--pairs 7; 0 for none] [--orders 100000] [--seconds 15] [--rebuild 1000000]
 *   npm run bench -- page [--rounds 20]
 *   npm run bench -- quality [--jobs 3000] [--rounds 40; 0 for none]
 *   npm run bench -- roles
 */
const BENCHES: Record<string, () => Promise<{ run(args: string[]): Promise<void> }>> = {
  bridge: () => import('./bridge/throughput.ts'),
  latency: () => import('./bridge/latency.ts'),
  memory: () => import('./bridge/memory.ts'),
  worker: () => import('./worker/throughput.ts'),
  pulse: () => import('./worker/pulse.ts'),
  tenure: () => import('./worker/tenure.ts'),
  record: () => import('./stats/record.ts'),
  ledger: () => import('./stats/ledger.ts'),
  users: () => import('./stats/users.ts'),
  cluster: () => import('./worker/cluster.ts'),
  api: () => import('./api/throughput.ts'),
  pipelining: () => import('./api/pipelining.ts'),
  detail: () => import('./stats/detail.ts'),
  desk: () => import('./desk/desk.ts'),
  story: () => import('./desk/story.ts'),
  history: () => import('./history/history.ts'),
  analytics: () => import('./history/analytics.ts'),
  page: () => import('./web/page.ts'),
  stream: () => import('./web/stream.ts'),
  quality: () => import('./quality.ts'),
  roles: () => import('./roles.ts'),
};

const [name = '', ...args] = process.argv.slice(2);
const load = BENCHES[name];
if (!load) {
  console.error(`usage: npm run bench -- ${Object.keys(BENCHES).join('|')}, got ${JSON.stringify(name)}`);
  process.exit(2);
}
const bench = await load();
await bench.run(args);
process.exit(0);
