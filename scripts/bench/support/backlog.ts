/**
 * A queue with the parts of an array that fauxqs uses. V8 moves every element of an array this long at each
 * shift: with a million of them that is 1.5 ms a message, and the benchmark would show that.
 */
export class Backlog<T> implements Iterable<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): number {
    this.#items.push(item);
    return this.length;
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (this.length > 0) {
      this.#items[this.#head] = undefined;
      this.#head += 1;
    }
    // At most one element is moved per element shifted.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#head; at < this.#items.length; at += 1) yield this.#items[at] as T;
  }
}
