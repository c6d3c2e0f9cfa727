import type { Check } from '../check.ts';
import { habits } from './habits.ts';
import { NOTHING, signed } from './rule.ts';

const PATH = 'shipping_address';

/** So many other orders have to be known before one without an address is odd. */
const LEAST_OTHERS = 20;
/** Of them, so few may lack it too. */
const MOST_WITHOUT = 0.005;
/** Longer text is looked at no further: it is no short phrase. */
const LONGEST_PHRASE = 80;
const MOST_WORDS = 4;

const [MISSING, PHRASE, PLACE] = ['missing', 'phrase', 'place'];

/**
 * Addresses that nothing can be sent to. What is said of one names its shape and never quotes it: it is personal data.
 * A shop that often sends such ones, or none, means it, see habits.ts.
 */
export function addressChecks(): readonly Check[] {
  const usual = habits();
  const missing: Check = {
    id: 'address_missing',
    version: 1,
    family: 'address',
    judge({ shippingAddress }, { itselfLearned }) {
      if (shippingAddress) return NOTHING;
      const itself = itselfLearned ? 1 : 0;
      const [others, without] = [usual.total() - itself, usual.count(MISSING) - itself];
      if (others < LEAST_OTHERS || without > others * MOST_WITHOUT) return NOTHING;
      const from = Math.round(others);
      return [
        signed(missing, {
          path: PATH,
          key: MISSING,
          severity: 'info',
          observed: 'nothing',
          expected: `an address, as ${Math.round(others - without)} of ${from} other orders have`,
          from,
          confidence: 0.7,
        }),
      ];
    },
    learn({ shippingAddress, userId }) {
      usual.saw(shapeOf(shippingAddress), userId);
    },
  };
  const shape: Check = {
    id: 'address_without_place',
    version: 1,
    family: 'address',
    judge({ shippingAddress }) {
      if (shippingAddress === undefined || shapeOf(shippingAddress) !== PHRASE) return NOTHING;
      if (usual.isHabit(PHRASE)) return NOTHING;
      const words = wordsOf(shippingAddress).length;
      return [
        signed(shape, {
          path: PATH,
          key: PHRASE,
          severity: 'warn',
          observed: `${words} ${words === 1 ? 'word' : 'words'} without a number, a street or a comma`,
          expected: 'a street and a town, with a number or a comma',
          confidence: 0.75,
        }),
      ];
    },
  };
  return [missing, shape];
}

/**
 * A few Latin words, none of them a street's, without a digit or any sign that parts an address. Other scripts write
 * whole addresses without either.
 */
function shapeOf(address: string | undefined): string {
  if (address === undefined || address === '') return MISSING;
  if (address.length > LONGEST_PHRASE || APART.test(address)) return PLACE;
  const words = wordsOf(address);
  if (words.length > MOST_WORDS || words.some((word) => STREET.test(word))) return PLACE;
  return PHRASE;
}

const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** A digit, a sign that stands between the parts of an address, a line's end, or a letter of another script. */
const APART = /[\p{N},;:/|#&()\n\r·•–—]|\s-\s|(?!\p{Script=Latin})\p{L}/u;

/** What streets, houses and post boxes are called, alone or at the end of their name. */
const STREET =
  /^(?:st|str|street|rd|road|ave?|avenue|blvd|boulevard|ln|lane|dr|drive|ct|court|cir|circle|pl|place|sq|square|ter|terrace|way|row|walk|close|crescent|mews|hwy|highway|pkwy|parkway|alley|quay|wharf|dock|pier|house|cottage|farm|castle|hall|manor|lodge|villa|apt|apartment|suite|unit|floor|building|tower|block|box|po|p\.o|pobox|poste|restante|rue|route|chemin|impasse|allée|quai|place|cours|via|viale|vicolo|corso|piazza|largo|calle|avenida|avda|carrera|camino|paseo|plaza|rua|travessa|praça|estrada|ulica|ul|aleja|plac|utca|tér|út|gate|vei|vej|väg|gata|gade|gasse|weg|straße|strasse|platz|allee|ring|damm|ufer|hof|laan|straat|plein|gracht|kade|cadde|sokak|mahalle|jalan|jl|street)\.?$|(?:stra(?:ß|ss)e|str\.|gasse|weg|platz|allee|damm|ufer|straat|laan|plein|gracht|gatan|vägen|veien|vejen|gade|gata|katu|tie|utca)$/iu;
