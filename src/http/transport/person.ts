import type { Response } from 'express';
import type { Person } from '../../access/person.ts';

/** Notes who makes a request to the operators' pages. */
export function setPerson(response: Response, person: Person): void {
  response.locals.person = person;
}

/** Who makes it. Throws when no guard has asked: then nobody would know who changed something. */
export function personOf(response: Response): Person {
  const person = response.locals.person as Person | undefined;
  if (person === undefined) throw new Error('nobody asked who makes this request');
  return person;
}
