/* Loaded into a process before the product: when it ends, it writes which CommonJS modules it had loaded. */
import { writeFileSync } from 'node:fs';
import Module from 'node:module';

process.on('exit', () => writeFileSync(process.env.LOADED_MODULES, Object.keys(Module._cache).join('\n')));
