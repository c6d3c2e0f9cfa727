/* Loaded into a process before the product: its clock is wrong by CLOCK_SKEW_MS. */
const { CLOCK_SKEW_MS } = process.env;

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
