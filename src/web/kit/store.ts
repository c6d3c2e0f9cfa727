/** A state that views are drawn from: whoever changes it does not know who draws. */
export interface Store<State extends object> {
  readonly now: Readonly<State>;
  /** Replaces some members and tells those who watch what differs now. */
  set(change: Partial<State>): void;
  /** Calls at once with that part of the state, and again whenever it is another one. */
  watch<Part>(part: (state: Readonly<State>) => Part, watcher: (part: Part) => void): void;
}

export function makeStore<State extends object>(initial: State): Store<State> {
  const watchers: (() => void)[] = [];
  let state: Readonly<State> = initial;
  return {
    get now() {
      return state;
    },
    set(change) {
      state = { ...state, ...change };
      for (const watcher of watchers) watcher();
    },
    watch(part, watcher) {
      let seen = part(state);
      watchers.push(() => {
        const next = part(state);
        if (Object.is(next, seen)) return;
        seen = next;
        watcher(next);
      });
      watcher(seen);
    },
  };
}
