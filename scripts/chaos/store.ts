import type { Cluster, Redis } from 'ioredis';
import type { CutPlace } from './schedule.ts';

/** The Redis that a schedule plays with, as far as the faults and the comparison are concerned. */
export interface Store {
  /** What tells the process of that number where it is; each may have a way there of its own. */
  environment(process: number): Record<string, string>;
  /** Past all faults. */
  connect(): Redis | Cluster;
  /** Ends a server that takes writes; its replica does soon, or the same one again after `ms`. */
  crash(ms: number): Promise<void>;
  /** Lets a server that takes writes hang for `ms`, or until its replica has taken over. */
  freeze(ms: number): Promise<void>;
  /** Breaks connections of the process: all, or the one that carries such a command, after that share of it. */
  cut(process: number, where: CutPlace, share: number): Promise<void>;
  /** Resolves when no server is away any more; a cut that waits for its command may still come. */
  calm(): Promise<void>;
  stop(): Promise<void>;
}

export interface StoreOptions {
  /** The product's processes that will use it. */
  processes: number;
  folder: string;
  onFault: (kind: string) => void;
}
