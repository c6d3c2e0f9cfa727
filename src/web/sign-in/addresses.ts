/** Where to go on: a page below `root`, whatever the address said. Anybody may have written it. */
export function nextAddress(given: string | null, root: string): string {
  if (given === null || !URL.canParse(given, root)) return root;
  const { href } = new URL(given, root);
  return href.startsWith(root) ? href : root;
}

/** Whom an invitation is for, as its link says; empty when it says nothing that can be read. */
export function nameInvited(token: string): string {
  try {
    const [name = ''] = token.split('.', 1);
    const bytes = atob(name.replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(bytes, (each) => each.charCodeAt(0)),
    );
  } catch {
    return '';
  }
}
