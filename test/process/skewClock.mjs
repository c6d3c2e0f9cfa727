/*
 * Loaded into a process before the product: its clock is wrong by CLOCK_SKEW_MS, or its event loop stands still
 * for BLOCK_MS, three times once it is at work.
 */
const { CLOCK_SKEW_MS, BLOCK_MS } = process.env;

if (CLOCK_SKEW_MS) {
  const skew = Number(CLOCK_SKEW_MS);
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      if (args.length === 0) super(RealDate.now() + skew);
      else super(...args);
    }
    static now() {
      return RealDate.now() + skew;
    }
  };
}

if (BLOCK_MS) {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  let left = 3;
  const timer = setInterval(() => {
    left -= 1;
    Atomics.wait(nothing, 0, 0, Number(BLOCK_MS));
    if (left === 0) clearInterval(timer);
  }, 1_000);
}
