import type { Response } from 'express';

/** What the stats do not hold yet, as this process saw it last. What it has not seen is not said. */
export interface Freshness {
  /** Orders in the queues that have not ended. */
  waiting?: number | undefined;
  /** Orders that wait for an operator. */
  failed?: number | undefined;
  /** When the newest order was counted, ISO, UTC. */
  newestCountedAt?: string | undefined;
}

const HEADERS = {
  newestCountedAt: 'X-Newest-Counted',
  waiting: 'X-Orders-Waiting',
  failed: 'X-Orders-Failed',
} as const satisfies Record<keyof Freshness, string>;

/** In headers, so that the same numbers stay the same body and a 304 tells how fresh they are. */
export function setFreshness(response: Response, freshness: Freshness): void {
  for (const [what, name] of Object.entries(HEADERS)) {
    const value = freshness[what as keyof Freshness];
    if (value !== undefined) response.setHeader(name, value);
  }
}
