/** A view's address: which one, and what is filled in there. Written `#name?key=value`. */
export interface Address {
  name: string;
  values: Readonly<Record<string, string>>;
}

export function readAddress(hash: string): Address {
  const [name = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  return { name: decoded(name), values: Object.fromEntries(new URLSearchParams(query)) };
}

/** Values that are empty are left out. */
export function writeAddress({ name, values }: Address): string {
  const filled = Object.entries(values).filter(([, value]) => value !== '');
  const query = new URLSearchParams(filled).toString();
  return `#${encodeURIComponent(name)}${query === '' ? '' : `?${query}`}`;
}

/** Names the view in the browser's bar. Typing into a form is no step that Back should undo letter by letter. */
export function showAddress(address: Address): void {
  history.replaceState(history.state, '', writeAddress(address));
}

/** Whoever typed the address may have typed anything. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
