/** What a process of this product does. `all` is the others in one. */
export const ROLES = {
  all: { does: 'everything in one process (default)' },
  bridge: { does: 'carries messages from the SQS inbox into BullMQ' },
  worker: { does: 'checks orders and counts them' },
  quality: { does: 'groups what the review of orders finds, and proposes what would mend it' },
  archiver: { does: 'keeps every counted order in PostgreSQL' },
  api: { does: "answers the stats, and serves the operators' pages" },
} as const satisfies Record<string, { does: string }>;

export type Role = keyof typeof ROLES;
