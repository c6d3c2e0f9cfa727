/**
 * Preloaded into a product process (`node --import`): ends it with SIGKILL at a named point between two of its
 * steps. The product knows nothing of this. The points are found in what passes the libraries' entry points, which
 * is why they hold for code that is yet to be written.
 *
 *   CRASH_AT     `before`, `unanswered` or `after`, and a step: `after add`. points.ts lists them
 *   CRASH_PASS   the pass of that point at which to die, from 1
 */
import { createHash } from 'node:crypto';
import { SQSClient } from '@aws-sdk/client-sqs';
import { Cluster, Redis } from 'ioredis';

const point = process.env.CRASH_AT;
let passesLeft = Number(process.env.CRASH_PASS);

function pass(moment, step) {
  if (`${moment} ${step}` !== point) return;
  passesLeft -= 1;
  if (passesLeft === 0) process.kill(process.pid, 'SIGKILL');
}

const SQS_STEPS = { ReceiveMessageCommand: 'receive', DeleteMessageBatchCommand: 'delete' };

const askSqs = SQSClient.prototype.send;
SQSClient.prototype.send = function send(command, ...rest) {
  const step = SQS_STEPS[command.constructor.name];
  if (step !== undefined) pass('before', step);
  const answer = askSqs.call(this, command, ...rest);
  if (step === undefined) return answer;
  return answer.then((output) => {
    // An empty receive is no step of any order: there is nothing to lose in it.
    if (step !== 'receive' || output.Messages?.length > 0) pass('after', step);
    return output;
  });
};

const SCRIPT_STEPS = {
  addStandardJob: 'add',
  moveToActive: 'fetch',
  recordOrders: 'record',
  moveStalledJobsToWait: 'stalled check',
  replaceJobData: 'edit',
  reprocessJob: 'retry',
  repairBatch: 'repair batch',
};

/** Scripts travel by their hash; this tells their names. */
const scripts = new Map();

for (const { prototype } of [Redis, Cluster]) {
  const { defineCommand } = prototype;
  prototype.defineCommand = function define(name, definition) {
    const sha = createHash('sha1').update(definition.lua).digest('hex');
    // BullMQ appends its version.
    scripts.set(sha, name.split(':')[0]);
    return defineCommand.call(this, name, definition);
  };
}

function stepOf({ args }) {
  const script = scripts.get(args[0]);
  if (script === 'moveToFinished') return args.includes('failedReason') ? 'fail' : 'complete';
  return SCRIPT_STEPS[script];
}

const sendCommand = Redis.prototype.sendCommand;
Redis.prototype.sendCommand = function send(command, ...rest) {
  const step = stepOf(command);
  if (step === undefined) return sendCommand.call(this, command, ...rest);
  pass('before', step);
  // The next tick is after the write, of a whole pipeline too: it is on its way, and nobody will hear the answer.
  process.nextTick(pass, 'unanswered', step);
  // Registered before the caller's own handlers, so it runs before anything is made of the answer.
  command.promise.then(
    (reply) => {
      if (step !== 'fetch' || reply?.[0]) pass('after', step);
    },
    () => {},
  );
  return sendCommand.call(this, command, ...rest);
};
