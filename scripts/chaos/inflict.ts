import type { Play } from './play.ts';
import type { Fault } from './schedule.ts';

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
      return cast.store.crash(fault.ms);
    case 'freeze Redis':
      return cast.store.freeze(fault.ms);
    case 'kill PostgreSQL':
      onFault('PostgreSQL killed');
      return cast.historyServer.crash(fault.ms);
    case 'freeze PostgreSQL':
      onFault('PostgreSQL frozen');
      return cast.historyServer.freeze(fault.ms);
    case 'cut':
      return cast.store.cut(fault.process, fault.where, fault.share);
    case 'SQS':
      return cast.sqs.inject(fault.fault, fault.times);
  }
}

function at<T>(list: readonly T[], index: number): T {
  return list[index] as T;
}
