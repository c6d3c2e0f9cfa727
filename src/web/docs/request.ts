import type { Operation } from './apiDocument.ts';
import type { Values } from './filledIn.ts';

/** What a form asks for. The key itself is not part of it: requests are shown, copied and kept. */
export interface ApiRequest {
  method: string;
  url: string;
  format: Format;
  withKey: boolean;
}

export type Format = 'json' | 'csv';
export const MEDIA_TYPE: Record<Format, string> = { json: 'application/json', csv: 'text/csv' };

/** `base` is where the API begins, without a slash behind it. Parameters without a value are left out. */
export function requestOf(
  { method, path, parameters, isGuarded }: Operation,
  values: Values,
  { base, format, hasKey }: { base: string; format: Format; hasKey: boolean },
): ApiRequest {
  const text = (name: string) => encoded(values[name] ?? '');
  const filledPath = parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((written, { name, example }) => {
      const value = text(name) || encoded(String(example ?? ''));
      return written.replace(`{${name}}`, () => value);
    }, path);
  const query = parameters
    .filter(({ in: place, name }) => place === 'query' && (values[name] ?? '') !== '')
    .map(({ name }) => `${name}=${text(name)}`);
  return {
    method,
    url: `${base}${filledPath}${query.length > 0 ? `?${query.join('&')}` : ''}`,
    format,
    withKey: hasKey && isGuarded,
  };
}

/** An apostrophe is the one character that URLs allow and shells end a text at. */
const encoded = (text: string): string => encodeURIComponent(text).replaceAll("'", '%27');
