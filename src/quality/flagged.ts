import { type Finding, SEVERITIES, type Severity } from './finding.ts';

/* What the workers hand to the role that reviews: an order with findings, as it was sent. */

export interface FlaggedOrder {
  /** The id of its job, which is that of its message. */
  message: string;
  partition: number;
  minorUnits: number;
  /** When it was reviewed, ms by the clock of Redis. */
  at: number;
  /** It did not count: it waits in the failed set for a person. */
  held: boolean;
  findings: readonly Finding[];
  /** So many of the first were handed over before: they are kept with the order, and are in their groups already. */
  toldBefore?: number;
  /** As it was sent, for a fix to be tried on; missing where it is too long, or too many came at once. */
  order?: unknown;
}

/** A finding in an order that was reviewed before another process told of the one like it. */
export interface Late {
  orderId: string;
  finding: Finding;
}

/** One job of the queue. */
export interface FlaggedBatch {
  orders: readonly FlaggedOrder[];
}

export const isAtLeast = (severity: Severity, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);

/** The same, so many steps lower. */
export const lowered = (severity: Severity, steps: number): Severity =>
  SEVERITIES[Math.max(0, SEVERITIES.indexOf(severity) - steps)] as Severity;

/** Of several findings, the gravest. */
export const gravest = (findings: readonly { severity: Severity }[]): Severity =>
  findings.reduce<Severity>((most, { severity }) => (isAtLeast(severity, most) ? severity : most), 'info');
