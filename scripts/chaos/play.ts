import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Cast } from './cast.ts';
import type { Model } from './model.ts';
import type { Operator } from './operator.ts';
import type { Repairer } from './repairer.ts';

/** What the steps work on. */
export interface Play {
  cast: Cast;
  client: SQSClient;
  model: Model;
  operator: Operator;
  repairer: Repairer;
  onFault: (kind: string) => void;
  onEvent: (event: string) => void;
  /** What the operator does: one thing after the other, while the schedule goes on. */
  operations: Promise<void>[];
  /** Runs of repairs, which go on beside it. */
  repairs: Promise<void>[];
  /** Freezes that are not over yet. */
  freezing: Promise<void>[];
}
