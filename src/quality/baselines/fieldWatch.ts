import type { PackedWatch } from './packedForm.ts';
import { THRESHOLDS } from './thresholds.ts';

/**
 * Watches how large a share of the orders lacks something, and tells once when it has risen for good: the sum of the
 * evidence (CUSUM) that the share is no longer what it was, against that it is.
 */
export interface FieldWatch {
  /** Whether it is this order that makes the rise plain. */
  wouldTell(lacking: boolean): boolean;
  /** Share of those before that lacked it, 0 to 1. */
  usual(): number;
  observations(): number;
  observe(lacking: boolean): void;
  pack(): PackedWatch;
}

/** The usual share follows what comes at this pace, and not at all while a rise is in the air. */
const PACE = 2_000;

export function fieldWatch(packed: PackedWatch = [0, 0, 0, false]): FieldWatch {
  let [observations, usual, evidence, told] = packed;
  const { evidence: enough, rise, least } = THRESHOLDS.field;
  const after = (lacking: boolean): number => {
    const before = Math.max(usual, 0.002);
    const risen = Math.min(0.99, Math.max(3 * before, before + rise));
    if (risen <= before) return 0;
    const gain = lacking ? Math.log(risen / before) : Math.log((1 - risen) / (1 - before));
    return Math.min(2 * enough, Math.max(0, evidence + gain));
  };
  return {
    usual: () => usual,
    observations: () => observations,
    wouldTell: (lacking) => lacking && !told && observations >= least && after(lacking) > enough,
    observe(lacking) {
      observations += 1;
      if (observations > least) evidence = after(lacking);
      // Told: what comes now is the new usual, learned at once, and a next rise is told again.
      if (evidence > enough) told = true;
      if (evidence < enough / 2 || told) {
        const pace = told ? least : Math.min(observations, PACE);
        usual += ((lacking ? 1 : 0) - usual) / pace;
      }
      if (told && evidence === 0) told = false;
    },
    pack: () => [observations, usual, evidence, told],
  };
}
