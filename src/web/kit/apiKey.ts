const KEPT_UNDER = 'order-pipeline.api-key';

/** The key a reader entered, for as long as this tab is; empty when there is none. It goes to this API alone. */
export function keptKey(): string {
  try {
    return sessionStorage.getItem(KEPT_UNDER) ?? '';
  } catch {
    return '';
  }
}

export function keepKey(key: string): void {
  try {
    if (key === '') sessionStorage.removeItem(KEPT_UNDER);
    else sessionStorage.setItem(KEPT_UNDER, key);
  } catch {
    // Storage is switched off: the key lasts as long as the page.
  }
}
