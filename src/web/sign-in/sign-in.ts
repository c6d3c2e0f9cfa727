import { askSession, signOutButtons } from '../kit/account.ts';
import { ask, Trouble, troubleOf } from '../kit/ask.ts';
import { element } from '../kit/element.ts';
import { makeMenu } from '../kit/menu.ts';
import { failure } from '../kit/stateView.ts';
import { applyTheme, themeChoice } from '../kit/theme.ts';
import { nameInvited, nextAddress } from './addresses.ts';

/** The page at /sign-in, at /invitation, where people who were invited choose a password, and at /sign-out. */

applyTheme();

/** Where the API begins, whatever it is mounted under. This script is at <root>/sign-in/sign-in.js. */
const { href: root } = new URL('..', import.meta.url);
const query = new URLSearchParams(location.search);
const next = nextAddress(query.get('next'), root);
const secret = location.hash.slice(1);
const isInvitation = /\/invitation$/.test(location.pathname);

const { menu, name } = makeMenu(themeChoice());
name('Settings');
const main = element('main', { id: 'main', tabindex: -1 });
document.body.append(
  element('a', { class: 'skip', href: '#main' }, 'Skip to content'),
  element(
    'header',
    { class: 'top' },
    element('h1', {}, element('a', { href: root }, 'order-pipeline')),
    element('div', { class: 'corner' }, menu),
  ),
  main,
);

if (/\/sign-out$/.test(location.pathname)) void showLeaving();
else if (isInvitation) showInvitation();
else if (secret !== '') void followLink();
else showSignIn();

function showSignIn(trouble?: Trouble): void {
  const person = field('name', 'Name', {
    autocomplete: 'username',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const password = field('password', 'Password', { type: 'password', autocomplete: 'current-password' });
  const elsewhere = element('div', {});
  show(
    'Sign in',
    [person.box, password.box],
    'Sign in',
    () => enter('sign-in', { name: person.input.value, password: password.input.value }),
    elsewhere,
    trouble ?? refusedByProvider(),
  );
  person.input.focus();
  askSession(root).then(
    ({ provider }) => {
      if (provider === null) return;
      const at = `${root}sign-in/provider?next=${encodeURIComponent(next)}`;
      elsewhere.replaceChildren(element('a', { href: at }, `Sign in at ${provider}`));
    },
    () => {},
  );
}

function showInvitation(): void {
  const person = field('name', 'Your name here', { autocomplete: 'username', readonly: true });
  person.input.value = nameInvited(secret);
  const password = field('password', 'Password', { type: 'password', autocomplete: 'new-password' });
  const again = field('again', 'The same once more', { type: 'password', autocomplete: 'new-password' });
  password.box.append(element('p', { class: 'hint' }, '12 characters or more, of any kind.'));
  show('Choose a password', [person.box, password.box, again.box], 'Come in', async () => {
    if (again.input.value !== password.input.value) {
      again.input.focus();
      throw new Trouble('Not the same', 'The two passwords differ.');
    }
    await enter('invitation', { token: secret, password: password.input.value });
  });
  password.input.focus();
}

/** For those who come from a page that has no menu of ours, as the board. */
async function showLeaving(): Promise<void> {
  const { person } = await askSession(root).catch(() => ({ person: null }));
  main.replaceChildren(
    element(
      'section',
      { class: 'entrance panel', 'aria-label': 'Sign out' },
      ...(person
        ? [
            element('h2', {}, 'Sign out'),
            element('p', {}, 'Signed in as ', element('bdi', {}, person.name), `, role ${person.role}.`),
            ...signOutButtons(root),
          ]
        : [
            element('h2', {}, 'Nobody is signed in here'),
            element(
              'p',
              {},
              'A password that the browser itself has asked for is forgotten when the browser ends.',
            ),
            element('a', { href: `${root}sign-in` }, 'Sign in'),
          ]),
      element('a', { href: root }, 'Back to the figures'),
    ),
  );
}

/** Whoever has the demo's link is let in by opening it. */
async function followLink(): Promise<void> {
  await enter('sign-in', { link: secret }).catch((trouble) => showSignIn(trouble as Trouble));
}

async function enter(path: string, body: unknown): Promise<void> {
  const answer = await ask(`${root}${path}`, { method: 'POST', body });
  if (!answer.ok) throw new Trouble('Not signed in', troubleOf(answer).message);
  // Replaced, so that Back leads to no form, and to no link that is used up.
  location.replace(next);
}

function refusedByProvider(): Trouble | undefined {
  if (query.get('refused') === 'role')
    return new Trouble('No role', 'Your account there has no role here. Whoever runs this can give it one.');
  return query.has('refused')
    ? new Trouble('Not signed in', 'Signing in there did not work, or took too long. Try again.')
    : undefined;
}

function show(
  title: string,
  fields: readonly HTMLElement[],
  action: string,
  submit: () => Promise<void>,
  below?: HTMLElement,
  trouble?: Trouble,
): void {
  const button = element('button', { class: 'main' }, action);
  const wrong = element('div', { role: 'alert' }, trouble && failure(trouble));
  const send = async () => {
    if (button.getAttribute('aria-disabled') === 'true') return;
    button.setAttribute('aria-disabled', 'true');
    wrong.replaceChildren();
    try {
      await submit();
    } catch (error) {
      wrong.replaceChildren(failure(error as Trouble));
    }
    button.removeAttribute('aria-disabled');
  };
  const form = element(
    'form',
    {
      class: 'entrance panel',
      on: {
        submit: (event) => {
          event.preventDefault();
          void send();
        },
      },
    },
    element('h2', {}, title),
    wrong,
    ...fields,
    button,
    below,
  );
  main.replaceChildren(form);
}

function field(id: string, label: string, attributes: Record<string, string | boolean>) {
  const input = element('input', { id, name: id, required: true, dir: 'auto', ...attributes });
  return {
    input,
    box: element('div', { class: 'field' }, element('label', { for: id }, label), input),
  };
}
