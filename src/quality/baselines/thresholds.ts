/**
 * What decides between life and a slip. Chosen by `npm run eval` on the first four months of Online Retail (see
 * docs/quality.md) and frozen: whoever changes one prints the evaluation again and says so there.
 *
 * Distances are natural logarithms of ratios: ln 10 = 2.30, ln 2 = 0.69.
 */
export const THRESHOLDS = {
  /** Lines of a product after which its baselines count as warm. */
  warm: 5,
  price: {
    /** From the nearest price seen, of a product that is warm, and of one that is not. */
    far: 2.15,
    farCold: 2.8,
    /** From there on, when a shift of the decimal point explains it to the cent. */
    shifted: 0.5,
    /** The floor: less than that, in units of the currency, is no finding. */
    leastDifference: 0.05,
    /** Everything in an order off by the same factor. */
    order: 1.1,
    /** A product whose price was far off this often, of all its lines, has no usual price. */
    wildShare: 0.1,
  },
  quantity: {
    /** Above what product, order and user lead one to expect: with at least three further lines. */
    far: 4.4,
    /** With one or two, or only the user's history. */
    farFewLines: 5,
    /** With nothing but the product. */
    farAlone: 6.6,
    /** So much later at a price below the usual one: who buys much pays less. */
    reduced: 1,
    /** So much sooner when it is hundreds: a shifted decimal point leaves nothing else, and 144 are bought on purpose. */
    hundredfold: 1.4,
    /** By how much a quantity passes what is usual of its product, as a logarithm: each is counted. */
    reaches: [1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5],
    /** In a shop where one line in so many passes the usual quantity by less than that, */
    rare: 500,
    /** one that passes it by so much more, */
    beyond: 0.7,
    /** and by that at the least, is far with nothing but the product. */
    leastReach: 2.8,
    /** The floor: fewer units are no finding. */
    least: 50,
  },
  /** What a proposed fix rests on, beside the finding. */
  fix: {
    lines: 20,
    /** Of what is remembered of the product's prices. */
    share: 0.5,
    /** Further lines of the order that say how much is bought of each. */
    others: 3,
    /** How far from a hundred times the usual quantity. */
    hundredfold: 0.8,
  },
  swap: {
    /** A price at least so far from all seen ones, while it would be a usual quantity. */
    price: 0.15,
    quantity: 1.6,
  },
  level: {
    /** Orders a step away from every price known before, with none at one of those between, */
    run: 5,
    /** among so many of the product. */
    within: 16,
    /** The least step. */
    step: 0.15,
  },
  values: {
    /** Values of a field seen before a new one is told. */
    least: 20,
    /** After so many, one that was seen once is no longer known by it. */
    settled: 100,
    /** In a file that is judged by itself. */
    leastInFile: 8,
    leastPayments: 100,
    /** At most so many kinds per value seen, or the field has no kinds. */
    kinds: 0.02,
  },
  readmit: {
    orders: 5,
    users: 3,
    /** Of the values since it was first seen: a steady trickle of slips is no new normal. */
    share: 0.01,
    sharePrice: 0.1,
    /** One price of one product that no shifted decimal point explains needs less. */
    ordersPrice: 2,
    usersPrice: 2,
    /** And so does one identifier, letter by letter. */
    ordersId: 3,
    /** Known masks that differ in lengths only, after which lengths tell nothing. */
    lengths: 3,
  },
  field: {
    /** How sure the sum of evidence must be: once in e^11 orders by chance. */
    evidence: 11,
    /** The rise of a share that is looked for. */
    rise: 0.1,
    least: 200,
  },
} as const;
