/** It is not there, it is in another state, or what was sent cannot be read. */
export type RefusedKind = 'missing' | 'state' | 'unreadable';

/** What somebody asked for cannot be done now; the message is a sentence for them. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly kind: RefusedKind;

  constructor(message: string, kind: RefusedKind = 'state') {
    super(message);
    this.kind = kind;
  }
}
