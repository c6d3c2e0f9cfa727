import { type Answer, ask, askJson, Trouble } from '../kit/ask.ts';
import { type Loadable, load } from '../kit/loadable.ts';
import { makeStore, type Store } from '../kit/store.ts';
import type { Operation } from './apiDocument.ts';
import { defaultsOf, lacksUserId, type Values } from './filledIn.ts';
import { type ApiRequest, type Format, MEDIA_TYPE, requestOf } from './request.ts';
import type { Settings } from './settings.ts';

export interface TrialState {
  values: Values;
  format: Format;
  answer: Loadable<Answer>;
}

/** One operation being tried: what is filled in, what came back, and whether the two still belong together. */
export interface Trial {
  state: Store<TrialState>;
  request(): ApiRequest;
  change(change: Partial<Pick<TrialState, 'values' | 'format'>>): void;
  /** Resolves to the answer; undefined when there is none, or when another one is still awaited. */
  send(format?: Format): Promise<Answer | undefined>;
}

/** `origin` is where the API begins, without a slash behind it and without a version. */
export function makeTrial(operation: Operation, origin: string, settings: Store<Settings>): Trial {
  const state = makeStore<TrialState>({
    values: defaultsOf(operation, new Date()),
    format: 'json',
    answer: { state: 'idle' },
  });
  const base = () => origin + settings.now.prefix;
  const request = (format = state.now.format): ApiRequest =>
    requestOf(operation, state.now.values, { base: base(), format, hasKey: settings.now.key !== '' });

  /** Without the user it needs, it finds one first: whoever sends wants to see an answer. */
  const sent = async (format: Format): Promise<Answer> => {
    if (lacksUserId(operation, state.now.values)) {
      const user_id = await topSpender(base(), settings.now.key);
      state.set({ values: { ...state.now.values, user_id } });
    }
    const { url, method, withKey } = request(format);
    return ask(url, { method, accept: MEDIA_TYPE[format], key: withKey ? settings.now.key : undefined });
  };

  return {
    state,
    request,
    change(change) {
      state.set({ ...change, answer: outdated(state.now.answer) });
    },
    async send(format = state.now.format) {
      if (state.now.answer.state === 'loading') return undefined;
      await load(
        () => sent(format),
        (answer) => state.set({ answer }),
      );
      const { answer } = state.now;
      return answer.state === 'ready' ? answer.value : undefined;
    },
  };
}

/** An answer that the form no longer asks for stays readable, and says so. */
function outdated(answer: Loadable<Answer>): Loadable<Answer> {
  if (answer.state !== 'ready') return answer;
  const why = 'The form has changed since. Send it to see what comes now.';
  return { state: 'stale', value: answer.value, why };
}

async function topSpender(base: string, key: string): Promise<string> {
  const [first] = await askJson<{ user_id: string }[]>(`${base}/stats/top-spenders?limit=1`, { key });
  if (first) return first.user_id;
  throw new Trouble('No user yet', 'No order has been counted. Enter a user id, or send orders first.');
}
