import type { Random } from './random.ts';

export interface Product {
  id: string;
  /** Thousandths of the currency unit, so that prices such as 33.333 stay whole numbers. */
  mills: number;
}

/** The made-up shop that orders come from: its products and its customers. */
export interface Shop {
  /** Every product, the popular ones first. */
  products: readonly Product[];
  /** A normalised user id, `U0001` and up; a few customers order far more often than the rest. */
  customer(): string;
  product(): Product;
  /** A product other than that one. */
  otherProduct(than: string): Product;
  address(): string;
}

const PRODUCTS = 240;

/** Price bands in whole units with their share of the range: many small things, some dear ones. */
const BANDS = [
  { share: 0.6, from: 2, to: 30 },
  { share: 0.9, from: 30, to: 200 },
  { share: 1, from: 200, to: 2000 },
] as const;

const PRICE_ENDINGS = [990, 990, 990, 490, 950, 0, 0] as const;

const STREETS = ['Pine', 'Maple', 'Harbor', 'Station', 'Birch', 'Mill', 'Garden', 'Church', 'Lake'] as const;
const KINDS = ['St', 'Lane', 'Ave', 'Road', 'Court'] as const;
const TOWNS = [
  'Springfield',
  'Fairview',
  'Riverton',
  'Ashford',
  'Lakeside',
  'Überlingen',
  'São João',
] as const;

/** Draws a shop for `users` customers. The same random stream draws the same shop. */
export function createShop(random: Random, users: number): Shop {
  const products = Array.from({ length: PRODUCTS }, (_, index) => drawProduct(random, index));
  const customers = shuffledNumbers(random, users);
  const width = Math.max(4, String(users).length);
  const product = (): Product => products[random.skewed(products.length)] as Product;
  return {
    products,
    customer: () => `U${String(customers[random.skewed(users)]).padStart(width, '0')}`,
    product,
    otherProduct: (than) => {
      const drawn = product();
      if (drawn.id !== than) return drawn;
      return products.find((candidate) => candidate.id !== than) as Product;
    },
    address: () =>
      `${1 + random.below(980)} ${random.pick(STREETS)} ${random.pick(KINDS)}, ${random.pick(TOWNS)}`,
  };
}

function drawProduct(random: Random, index: number): Product {
  const place = random.below(1000) / 1000;
  const band = BANDS.find(({ share }) => place < share) ?? BANDS[0];
  const units = band.from + random.below(band.to - band.from);
  const ending = random.chance(0.9) ? random.pick(PRICE_ENDINGS) : random.below(100) * 10;
  return { id: `P${String(index + 1).padStart(4, '0')}`, mills: units * 1000 + ending };
}

/** 1 to n in random order, so that the best customer is not always the first number. */
function shuffledNumbers(random: Random, n: number): Uint32Array {
  const numbers = Uint32Array.from({ length: n }, (_, index) => index + 1);
  for (let last = n - 1; last > 0; last -= 1) {
    const other = random.below(last + 1);
    const kept = numbers[last] as number;
    numbers[last] = numbers[other] as number;
    numbers[other] = kept;
  }
  return numbers;
}
