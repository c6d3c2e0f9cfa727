import { action, labelled } from '../kit/action.ts';
import { Trouble } from '../kit/ask.ts';
import { type Child, element } from '../kit/element.ts';
import { dayAndTime } from '../kit/format.ts';
import type { Cause, Hold } from './deskApi.ts';
import { whoInWords } from './lists.ts';
import type { Desk } from './view.ts';

/** On hold, or until when it was: a note of then must not read as if it still held. */
export const holdInWords = ({ by, at, because, over }: Hold): HTMLElement =>
  element(
    'p',
    { class: over ? 'hold over' : 'hold' },
    element('strong', {}, over ? 'Was on hold, until new orders failed for it' : 'On hold'),
    over ? '. The note of then: ' : ': ',
    element('bdi', {}, because),
    ' (',
    element('bdi', {}, whoInWords(by)),
    `, ${dayAndTime(at)} UTC)`,
  );

/** Known and waited for: out of the list until new orders fail for it. */
export function causeHold({ api }: Desk, { cause, hold }: Cause, done: () => void): Child {
  const isHeld = hold !== null && !hold.over;
  const because = element('input', { id: 'hold-because', maxlength: 500, autocomplete: 'off', dir: 'auto' });
  const { button, said } = action(isHeld ? 'Release' : 'Put on hold', async () => {
    const note = because.value.trim();
    if (note === '') throw new Trouble('Nothing was done', 'Say why first.');
    await (isHeld ? api.release(cause, note) : api.hold(cause, note));
    done();
  });
  return element(
    'details',
    { class: 'panel act' },
    element('summary', {}, isHeld ? 'Release it' : 'Put it on hold'),
    element(
      'p',
      { class: 'quiet' },
      isHeld
        ? 'It is in the list of causes again then, and its note is gone.'
        : 'It leaves the list of causes until an order fails for it that is new. Its orders stay as they are.',
    ),
    labelled(isHeld ? 'Why: kept in the audit log' : 'Note: who waits for what', because),
    button,
    said,
  );
}
