/**
 * Renders the chart: the plain manifests of deploy/kubernetes, and the one with everything on that the tests read.
 *
 *   npm run chart
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { helmPath, howToGetHelm } from './helm.mjs';

const CHART = fileURLToPath(new URL('../deploy/chart', import.meta.url));

/** What is rendered and kept, by the values it is rendered from. */
export const KEPT = [
  { values: 'deploy/kubernetes/values.yaml', manifests: 'deploy/kubernetes/order-pipeline.yaml' },
  { values: 'test/deploy/everything.values.yaml', manifests: 'test/deploy/everything.yaml' },
];

/** Helm's stdout. Throws with what it says otherwise. */
export function helm(...args: string[]): string {
  const program = helmPath();
  if (program === undefined) throw new Error(`there is no helm: ${howToGetHelm()}`);
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The manifests of these values, more `args` for helm behind them. */
export const render = (values: string, ...args: string[]): string =>
  helm('template', 'order-pipeline', CHART, '--namespace', 'orders', '--values', values, ...args);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { values, manifests } of KEPT) writeFileSync(manifests, render(values));
}
