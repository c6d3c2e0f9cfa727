import type { TcpProxy } from '../../test/support/tcpProxy.ts';
import type { Play } from './runSchedule.ts';
import type { CutPlace, Fault } from './schedule.ts';

/** Breaks what the step says. What takes its time goes on while the schedule does; see `freezing`. */
export async function inflict(fault: Fault, { cast, onFault, freezing }: Play): Promise<void> {
  switch (fault.do) {
    case 'kill': {
      const process = at(cast.processes, fault.process);
      onFault(`killed at random: ${process.role}`);
      return process.kill();
    }
    case 'stop': {
      const process = at(cast.processes, fault.process);
      onFault(`stopped in order: ${process.role}`);
      return process.stop();
    }
    case 'freeze': {
      const process = at(cast.processes, fault.process);
      onFault(`frozen: ${process.role}`);
      freezing.push(process.freeze(fault.ms));
      return;
    }
    case 'kill Redis':
      onFault('Redis killed');
      return cast.redis.crash(fault.ms);
    case 'freeze Redis':
      onFault('Redis frozen');
      return cast.redis.freeze(fault.ms);
    case 'cut':
      return cut(at(cast.wires, fault.process), fault.where, fault.share, onFault);
    case 'SQS':
      return cast.sqs.inject(fault.fault, fault.times);
  }
}

/** What a command is told by on its way to Redis. */
const MARKS: Record<Exclude<CutPlace, 'anywhere'>, string> = {
  'inside a bulk': '"receiveCount"',
  'inside a record': ':ledger',
  'inside a completion': 'returnvalue',
};

async function cut(
  wire: TcpProxy,
  where: CutPlace,
  share: number,
  onFault: (kind: string) => void,
): Promise<void> {
  if (where === 'anywhere') {
    onFault('connections cut: anywhere');
    await wire.refuse();
    return wire.accept();
  }
  const mark = MARKS[where];
  const inside = wire.cutInside((chunk) =>
    chunk.includes(mark) ? Math.floor(chunk.length * share) : undefined,
  );
  // It happens when such a command comes, if one does.
  void inside.then(() =>
    onFault(
      share === 1
        ? `connections cut: after it, ${where.slice('inside '.length)}`
        : `connections cut: ${where}`,
    ),
  );
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}
