/** Who operates: the password's user, a key, the user of this machine who typed a command, or whoever came where nobody must sign in. */
export type Person =
  | { kind: 'user'; name: string }
  | { kind: 'key'; name: string }
  | { kind: 'command'; name: string }
  | { kind: 'open' };
