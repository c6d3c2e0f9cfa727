/*
 * Loaded into a process before the product: it records with another text of the script (RECORDING_COMMENT), as an
 * older version would, or its event loop stands still with orders in hand: when it is about to record the first of
 * them it makes the file STAND_STILL, and goes on when that is gone.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { Cluster, Redis } from 'ioredis';

const { RECORDING_COMMENT, STAND_STILL } = process.env;

for (const { prototype } of [Redis, Cluster]) {
  const { defineCommand } = prototype;
  prototype.defineCommand = function (name, definition) {
    if (name !== 'recordOrders') return defineCommand.call(this, name, definition);
    const lua = RECORDING_COMMENT ? `${definition.lua}\n-- ${RECORDING_COMMENT}\n` : definition.lua;
    defineCommand.call(this, name, { ...definition, lua });
    if (STAND_STILL) standStillBefore(this, name);
  };
}

let stood = false;

function standStillBefore(redis, name) {
  const command = redis[name];
  redis[name] = function (...args) {
    if (!stood) {
      stood = true;
      const nothing = new Int32Array(new SharedArrayBuffer(4));
      writeFileSync(STAND_STILL, '');
      while (existsSync(STAND_STILL)) Atomics.wait(nothing, 0, 0, 10);
    }
    return command.apply(this, args);
  };
}
