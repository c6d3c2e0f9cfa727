import type { Author } from '../../audit/auditEntry.ts';
import type { Letter, LetterQueue } from '../../queue/letterQueue.ts';
import type { RunParts } from '../runs/runs.ts';
import { peek } from './peek.ts';
import { beginRedrive, cancelRedrive, type Redrive, readRedrive } from './redrive.ts';

export const redriveAnswer = (redrive: Redrive) => ({
  run: redrive.id,
  state: redrive.state,
  how: redrive.how,
  who: redrive.who,
  at: redrive.at,
  because: redrive.because,
  rate: redrive.rate ?? null,
  moved: redrive.moved,
  total: redrive.total,
  why: redrive.why ?? null,
  ended_at: redrive.endedAt ?? null,
});

/** What lies in the queue by SQS's own counts, and the last redrive. Nothing is received for it. */
export async function letterStatus({ redis }: RunParts, queue: LetterQueue) {
  const [seen, redrive] = [await queue.look(), await readRedrive(redis)];
  return {
    queue: seen?.queue ?? null,
    visible: seen?.visible ?? 0,
    hidden: seen?.hidden ?? 0,
    redrive: redrive ? redriveAnswer(redrive) : null,
  };
}

/** The dead letters' part of what the desk answers. `queueOf` finds the way to SQS. */
export const letterApi = (parts: RunParts, queueOf: () => Promise<LetterQueue<Letter>>) => ({
  deadLetters: async () => letterStatus(parts, await queueOf()),
  peekDeadLetters: async ({ limit }: { limit: number }) => peek(await queueOf(), parts, limit),
  redriveDeadLetters: async (
    { because, rate }: { because: string; rate?: number | undefined },
    who: Author,
  ) => redriveAnswer(await beginRedrive({ ...parts, queue: await queueOf() }, who, { because, rate })),
  cancelRedrive: async (_: object, who: Author) =>
    redriveAnswer(await cancelRedrive({ ...parts, queue: await queueOf() }, who)),
});
