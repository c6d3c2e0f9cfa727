import { askSession } from '../kit/account.ts';
import { readAddress } from '../kit/address.ts';
import { keptKey } from '../kit/apiKey.ts';
import { element, group } from '../kit/element.ts';
import { keyForm } from '../kit/keyForm.ts';
import { showPage } from '../kit/page.ts';
import { applyTheme } from '../kit/theme.ts';
import { causesView } from './causesView.ts';
import { deskApi } from './deskApi.ts';
import { orderView } from './orderView.ts';
import { repairView } from './repairView.ts';
import { runView } from './runView.ts';
import { searchField, searchView } from './searchView.ts';
import type { View, ViewName } from './view.ts';

/** The page at /desk: what failed and why, and its repair. It knows nothing but what the API says. */

applyTheme();

/** Where the API begins, whatever it is mounted under. This script is at <root>/desk/desk.js. */
const { href: root } = new URL('..', import.meta.url);

const VIEW_OF: Record<ViewName, View> = {
  causes: causesView,
  search: searchView,
  repair: repairView,
  run: runView,
  order: orderView,
};
let shown = new AbortController();
const locked = keyForm(
  root,
  { why: 'Failed orders are shown to people who are signed in and to holders of a key.', role: 'repair' },
  () => void show(),
);
const api = deskApi(root, (trouble) => {
  shown.abort();
  place.replaceChildren();
  locked.form.hidden = false;
  locked.say(trouble.message);
});
const search = searchField(api);
const place = element('div', { class: 'view' });
showPage({ root, here: 'desk', keyChanged: () => void show() }, search.form, locked.form, place);
addEventListener('hashchange', () => {
  void show();
  // Who listens begins where the new view does.
  if (location.hash !== '#main') document.getElementById('main')?.focus({ preventScroll: true });
});
void show();

async function show(): Promise<void> {
  // The link that skips to the content is no view.
  if (location.hash === '#main') return;
  const { name: view, values } = readAddress(location.hash);
  shown.abort();
  shown = new AbortController();
  locked.form.hidden = true;
  search.fill(values.text ?? values.id ?? '');
  const draw = Object.hasOwn(VIEW_OF, view) ? VIEW_OF[view as keyof typeof VIEW_OF] : causesView;
  const { signal } = shown;
  const role = await roleHere();
  if (signal.aborted) return;
  place.replaceChildren(group(draw({ api, mayAct: role !== 'read', values, signal })));
  scrollTo(0, 0);
}

/** Of somebody who is signed in; a key that may look here may act, and so may everybody where nobody signs in. */
async function roleHere(): Promise<string | undefined> {
  if (keptKey() !== '') return undefined;
  const session = await askSession(root).catch(() => undefined);
  return session?.person?.role;
}
