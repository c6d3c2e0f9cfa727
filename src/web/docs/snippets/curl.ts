import { type ApiRequest, MEDIA_TYPE } from '../request.ts';

/** One command for a POSIX shell, with nothing in it that an older curl does not know. */
export function curl({ url, format, withKey }: ApiRequest): string {
  const lines = [`curl '${url}'`];
  if (withKey) lines.push('  --header "Authorization: Bearer $API_KEY"');
  if (format !== 'json') lines.push(`  --header 'Accept: ${MEDIA_TYPE[format]}'`);
  return lines.join(' \\\n');
}
