import type { Cluster, Redis } from 'ioredis';
import type { AuditEntry } from '../../src/audit/auditEntry.ts';
import { auditEnds, auditEntries, checkChain } from '../../src/audit/readAudit.ts';

/** Every entry of the audit log, oldest first. Throws when the log has gaps. */
export async function auditTrail(redis: Redis | Cluster): Promise<AuditEntry[]> {
  const kept = [];
  for await (const page of auditEntries(redis)) kept.push(...page);
  const gaps = checkChain(kept, await auditEnds(redis));
  if (gaps.length > 0) throw new Error(`the audit log has gaps: ${JSON.stringify(gaps)}`);
  return kept.map(({ text }) => JSON.parse(text) as AuditEntry);
}
