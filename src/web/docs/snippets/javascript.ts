import { type ApiRequest, MEDIA_TYPE } from '../request.ts';

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
