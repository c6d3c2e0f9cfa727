import { userInfo } from 'node:os';
import type { Author } from '../../audit/auditEntry.ts';

/** Who types a command. A container may run as a user that has no name. */
export function commandAuthor(): Author {
  try {
    return { kind: 'command', name: userInfo().username };
  } catch {
    return { kind: 'command', name: `uid ${process.getuid?.() ?? 'unknown'}` };
  }
}
