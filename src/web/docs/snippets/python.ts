import { type ApiRequest, MEDIA_TYPE } from '../request.ts';

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
