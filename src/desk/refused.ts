/** What somebody asked for cannot be done now; the message is a sentence for them. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly kind: 'missing' | 'state';

  constructor(message: string, kind: 'missing' | 'state' = 'state') {
    super(message);
    this.kind = kind;
  }
}
