import { type ApiRequest, MEDIA_TYPE } from './request.ts';

/** One command for a POSIX shell, with nothing in it that an older curl does not know. */
export function curl({ url, format, withKey }: ApiRequest): string {
  const lines = [`curl '${url}'`];
  if (withKey) lines.push('  --header "Authorization: Bearer $API_KEY"');
  if (format !== 'json') lines.push(`  --header 'Accept: ${MEDIA_TYPE[format]}'`);
  return lines.join(' \\\n');
}

/** A module for Node 18 and later; without a key it runs in a browser as well. */
export function javascript({ url, format, withKey }: ApiRequest): string {
  const headers = [
    ...(withKey ? ["    Authorization: 'Bearer ' + process.env.API_KEY,"] : []),
    ...(format === 'json' ? [] : [`    Accept: '${MEDIA_TYPE[format]}',`]),
  ];
  const options = headers.length === 0 ? '' : `, {\n  headers: {\n${headers.join('\n')}\n  },\n}`;
  return [
    `const response = await fetch('${url}'${options});`,
    "if (!response.ok) throw new Error(response.status + ' ' + (await response.text()));",
    `console.log(await response.${format === 'json' ? 'json' : 'text'}());`,
  ].join('\n');
}

/** Python 3 without a package: what its standard library has is enough. */
export function python({ url, format, withKey }: ApiRequest): string {
  const isJson = format === 'json';
  const imports = [...(isJson ? ['json'] : []), ...(withKey ? ['os'] : [])].map((name) => `import ${name}`);
  const headers = [
    ...(withKey ? [`    "Authorization": "Bearer " + os.environ["API_KEY"],`] : []),
    ...(isJson ? [] : [`    "Accept": "${MEDIA_TYPE[format]}",`]),
  ];
  const argument = headers.length === 0 ? '' : `, headers={\n${headers.join('\n')}\n}`;
  return [
    ...imports,
    'from urllib.request import Request, urlopen',
    '',
    `request = Request("${url}"${argument})`,
    'with urlopen(request) as response:',
    isJson ? '    print(json.dumps(json.load(response), indent=2))' : '    print(response.read().decode())',
  ].join('\n');
}
