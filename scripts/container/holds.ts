/** Says what is so; throws where it is not. */
export function holds(what: string, is: boolean): void {
  if (!is) throw new Error(`not so: ${what}`);
  console.log(`✓ ${what}`);
}
