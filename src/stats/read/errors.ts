/** Asked for per-user detail of days whose detail was dropped. `from`: the first day it is kept from, YYYY-MM-DD. */
export class DetailGone extends Error {
  override readonly name = 'DetailGone';
  readonly from: string;

  constructor(from: string) {
    super(`what each user did by day is kept from ${from} on; whole months can be asked for any time`);
    this.from = from;
  }
}

/** A read that would cost more than its stated bound: `size` of `what`, where `limit` is the most. */
export class RangeTooLarge extends Error {
  override readonly name = 'RangeTooLarge';
  readonly what: string;
  readonly size: number;
  readonly limit: number;

  constructor(what: string, size: number, limit: number) {
    super(
      `this range comes to ${size} ${what}, and one answer has at most ${limit}: ask for a shorter range`,
    );
    this.what = what;
    this.size = size;
    this.limit = limit;
  }
}

/** A read that would have to wait behind as many as may wait: nothing was asked yet, it can be repeated. */
export class TooManyWaiting extends Error {
  override readonly name = 'TooManyWaiting';

  constructor() {
    super('more reads wait for their turn than may, try again soon');
  }
}

/** What the partitions' totals come to together is past the room of one: no double carries it to the cent. */
export class TotalOutOfRange extends Error {
  override readonly name = 'TotalOutOfRange';

  constructor(total: string, room: string) {
    super(`a total of ${total} is past its room of ${room}, up to which it is exact`);
  }
}
