import { element } from '../kit/element.ts';
import type { Api } from './apiDocument.ts';

/** The list of all operations beside the page; on a narrow screen it is folded away. */
export function contents({ tags }: Api): HTMLElement {
  const groups = tags.map(({ name, operations }) =>
    element(
      'div',
      {},
      element('h2', {}, name),
      element(
        'ul',
        {},
        ...operations.map(({ id, path, summary }) =>
          element('li', {}, element('a', { href: `#${id}`, title: summary }, path)),
        ),
      ),
    ),
  );
  const problems = element('ul', {}, element('li', {}, element('a', { href: '#problems' }, 'Problems')));
  const nav = element('nav', { 'aria-label': 'Operations' }, ...groups, element('div', {}, problems));
  const folded = element('details', { class: 'contents' }, element('summary', {}, 'Contents'), nav);
  const isWide = matchMedia('(width >= 60rem)');
  const unfold = () => {
    folded.open = isWide.matches;
  };
  isWide.addEventListener('change', unfold);
  // On a narrow screen it lies between its entry and what that leads to.
  nav.addEventListener('click', unfold);
  unfold();
  return folded;
}

/** Marks the entry of what is being read. */
export function followReading(nav: HTMLElement, sections: readonly HTMLElement[]): void {
  const inView = new Set<Element>();
  const observer = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        if (isIntersecting) inView.add(target);
        else inView.delete(target);
      }
      const current = sections.find((section) => inView.has(section));
      for (const link of nav.querySelectorAll('a')) {
        if (current && link.getAttribute('href') === `#${current.id}`)
          link.setAttribute('aria-current', 'true');
        else link.removeAttribute('aria-current');
      }
    },
    { rootMargin: '-25% 0px -60% 0px' },
  );
  for (const section of sections) observer.observe(section);
}
