/**
 * A number of JSON whose digits a double cannot hold, standing in an order where the rounded one would stand.
 * `text` is the number as it was sent, in JSON's grammar: `820982911946154508`, `0.10000000000000000001`, `1e400`.
 */
export class ExactNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}
