import { element, group } from '../kit/element.ts';
import { whole } from '../kit/format.ts';
import type { Feature } from './deskApi.ts';
import { quoted } from './words.ts';

const NAMES: Record<string, string> = {
  order_id_prefix: 'Order ids begin with',
  order_id_shape: 'Order ids look like',
  payment_method: 'Paid by',
  product_id: 'Product',
  hour: 'Placed in the hour from',
  currency: 'Currency',
};

/** Where orders that fail alike may come from; nothing where they have nothing in common. */
export function causeFeatures(features: readonly Feature[]): HTMLElement | undefined {
  if (features.length === 0) return undefined;
  return element(
    'section',
    { class: 'features', 'aria-label': 'What they share' },
    element('h3', {}, 'Most of them share'),
    element(
      'dl',
      {},
      ...features.map(({ name, value, orders, of }) =>
        element(
          'div',
          {},
          element('dt', {}, NAMES[name] ?? name.replaceAll('_', ' ')),
          element(
            'dd',
            {},
            group(
              quoted(name === 'hour' ? hourInWords(value) : value),
              ' ',
              element(
                'span',
                { class: 'quiet' },
                orders === of ? `all ${whole(of)} looked at` : `${whole(orders)} of ${whole(of)}`,
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** `2026-05-01T10:00Z` → `2026-05-01 10:00 UTC` */
const hourInWords = (value: string): string => value.replace('T', ' ').replace('Z', ' UTC');
