import { accountCorner } from './account.ts';
import { type Child, element } from './element.ts';
import { keyField } from './keyForm.ts';
import { makeMenu } from './menu.ts';
import { type Place, siteNav } from './siteNav.ts';
import { themeChoice } from './theme.ts';

/**
 * What the pages of one column have around them: the bar with where else one can go, who is signed in and the settings.
 * `root`: where the API begins; `here`: the place that is shown; `keyChanged` hears that another key is used.
 */
export function showPage(
  { root, here, keyChanged }: { root: string; here: Place; keyChanged: () => void },
  ...content: readonly Child[]
): void {
  const { menu, name } = makeMenu(keyField(keyChanged), themeChoice());
  name('Settings');
  document.body.append(
    element('a', { class: 'skip', href: '#main' }, 'Skip to content'),
    element(
      'header',
      { class: 'top' },
      element('h1', {}, 'order-pipeline'),
      siteNav(root, here),
      accountCorner(root, menu),
    ),
    element('main', { id: 'main', tabindex: -1 }, ...content),
  );
}
