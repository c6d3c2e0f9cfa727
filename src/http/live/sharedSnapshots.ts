import { every, type Repetition } from '../../runtime/every.ts';
import type { Snapshot } from '../../telemetry/read/snapshot.ts';
import { pulseAnswer } from './snapshotAnswer.ts';

const SNAPSHOT_EVERY_MS = 1_000;

export interface Follower {
  /** Hears each snapshot as a server-sent event, or a comment where there could be none. */
  event(text: string): void;
  /** This process stops. */
  end(): void;
}

/** One snapshot a second for all who look, and none while nobody does. */
export interface SharedSnapshots {
  /** At most a second old. Rejects when Redis does not answer. */
  latest(): Promise<Snapshot>;
  /** Returns what ends it. */
  follow(follower: Follower): () => void;
  /** Ends all who follow. */
  stop(): void;
}

export function sharedSnapshots(
  read: () => Promise<Snapshot>,
  onError: (error: Error) => void,
): SharedSnapshots {
  const followers = new Set<Follower>();
  let making: Repetition | undefined;
  let stopped = false;
  let last: { at: number; snapshot: Promise<Snapshot> } | undefined;

  const latest = (): Promise<Snapshot> => {
    const now = performance.now();
    if (!last || now - last.at >= SNAPSHOT_EVERY_MS) {
      const snapshot = read();
      last = { at: now, snapshot };
      // A failure is nobody's snapshot: whoever comes next asks again.
      snapshot.catch(() => {
        if (last?.snapshot === snapshot) last = undefined;
      });
    }
    return last.snapshot;
  };
  const tell = (text: string) => {
    for (const follower of followers) follower.event(text);
  };
  const make = async () => {
    try {
      const snapshot = await read();
      last = { at: performance.now(), snapshot: Promise.resolve(snapshot) };
      tell(`data: ${JSON.stringify(pulseAnswer(snapshot))}\n\n`);
    } catch (error) {
      // Those who look see that nothing comes any more, and that the connection is alive.
      tell(': Redis does not answer\n\n');
      throw error;
    }
  };
  const leave = (follower: Follower) => {
    followers.delete(follower);
    if (followers.size > 0) return;
    void making?.stop();
    making = undefined;
  };
  return {
    latest,
    follow(follower) {
      if (stopped) {
        follower.end();
        return () => {};
      }
      followers.add(follower);
      making ??= every(SNAPSHOT_EVERY_MS, make, { atOnce: true, onError });
      return () => leave(follower);
    },
    stop() {
      stopped = true;
      for (const follower of followers) {
        follower.end();
        leave(follower);
      }
    },
  };
}
