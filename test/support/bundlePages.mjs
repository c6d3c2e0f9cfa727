import path from 'node:path';
import { bundlePages } from '../../scripts/pages.mjs';
import { root } from '../../scripts/steps.mjs';

/** The product serves its pages from the build, also when it runs from its sources. Jest runs this once, at first. */
export default () => bundlePages(path.join(root, 'dist', 'web'));
