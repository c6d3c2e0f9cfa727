import { type Finding, isSure } from './finding.ts';
import { lowered } from './flagged.ts';

/** What people's answers have made of the checks. */
export interface Steering {
  /** Rules and keys that nobody wants to hear of, by `steerKey`. */
  muted: ReadonlySet<string>;
  /** Rules that were wrong too often → how many severities lower they speak. */
  lowered: ReadonlyMap<string, number>;
}

export const NO_STEERING: Steering = { muted: new Set(), lowered: new Map() };

export const steerKey = ({ rule, key }: { rule: string; key: string }): string => `${rule} ${key}`;

/**
 * What is left of findings: without those that are muted, each as grave as its rule may still be; and of rules that may hold
 * an order, what is sure enough holds it, of others nothing. The usual case, nothing found, costs nothing.
 */
export function steered(
  findings: readonly Finding[],
  { muted, lowered: steps }: Steering,
  mayHold: (rule: string) => boolean,
): readonly Finding[] {
  if (findings.length === 0) return findings;
  return findings
    .filter((finding) => !muted.has(steerKey(finding)))
    .map((finding) => {
      const holds = mayHold(finding.rule);
      const written = holds && finding.severity === 'warn' && isSure(finding) ? 'hold' : finding.severity;
      const severity = lowered(written, steps.get(finding.rule) ?? 0);
      const allowed = severity === 'hold' && !holds ? 'warn' : severity;
      return allowed === finding.severity ? finding : { ...finding, severity: allowed };
    });
}
