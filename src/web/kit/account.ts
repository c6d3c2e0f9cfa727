import { ask, askJson } from './ask.ts';
import { element } from './element.ts';
import { makeMenu } from './menu.ts';

/** What GET /session says. */
export interface Session {
  person: { name: string; role: string } | null;
  /** Whether the operators' pages need somebody who is signed in. */
  closed: boolean;
  /** The host of the OpenID provider people may sign in at. */
  provider: string | null;
}

let asked: Promise<Session> | undefined;

/** Once for a page: whoever signs in or out comes to another one. */
export function askSession(root: string): Promise<Session> {
  asked ??= askJson<Session>(`${root}session`).catch((error) => {
    asked = undefined;
    throw error;
  });
  return asked;
}

/** Where people sign in, and come back from to where they are. */
export function signInAddress(root: string): string {
  const { pathname, search, hash } = location;
  return `${root}sign-in?next=${encodeURIComponent(pathname + search + hash)}`;
}

/** The end of the bar: who is signed in, or where to, and the page's own menu. */
export function accountCorner(root: string, menu: HTMLElement): HTMLElement {
  const corner = element('div', { class: 'corner' }, menu);
  askSession(root).then(
    ({ person, closed }) => {
      if (person) corner.prepend(accountMenu(root, person));
      else if (closed) corner.prepend(element('a', { href: signInAddress(root) }, 'Sign in'));
    },
    // The page itself says what is wrong with the server.
    () => {},
  );
  return corner;
}

function accountMenu(root: string, { name, role }: { name: string; role: string }): HTMLElement {
  const { menu, name: call } = makeMenu(
    element('p', {}, element('bdi', {}, name), `, role ${role}`),
    ...signOutButtons(root),
  );
  menu.classList.add('account');
  call(element('bdi', {}, name));
  return menu;
}

/** Here or everywhere, and where it is told that it did not work. */
export function signOutButtons(root: string): HTMLElement[] {
  const failed = element('p', { class: 'hint', role: 'alert' });
  const signOut = async (everywhere: boolean) => {
    const answer = await ask(`${root}sign-out`, { method: 'POST', body: { everywhere } }).catch(
      () => undefined,
    );
    if (answer?.ok) location.assign(`${root}sign-in`);
    else failed.replaceChildren('This did not work: you are still signed in. Try again soon.');
  };
  const button = (text: string, everywhere: boolean) =>
    element('button', { type: 'button', on: { click: () => void signOut(everywhere) } }, text);
  return [button('Sign out', false), button('Sign out everywhere', true), failed];
}
