import { afterAll, expect, it } from '@jest/globals';
import { makeProducts } from './product.ts';

const products = makeProducts();
afterAll(() => products.stop());

/** Loaded before the program: the first moment at which a signal is listened to is when it comes. */
const signalAtOnce = (signal: string): string =>
  `data:text/javascript,process.on('newListener',(event)=>{if(event==='${signal}')process.nextTick(()=>process.kill(process.pid,'${signal}'))})`;

it.each(['SIGTERM', 'SIGINT'])(
  'a role that is told to stop while it loads ends in order: %s',
  async (signal) => {
    const product = await products.start(['worker'], { NODE_OPTIONS: `--import=${signalAtOnce(signal)}` });
    expect(await product.exited).toBe(0);
    expect(product.output()).toContain(`${signal}: stopped before it had started`);
    expect(product.output()).not.toContain('stopping');
  },
);
