import { Agent, get } from 'node:http';
import { json } from 'node:stream/consumers';

/** Reads JSON over one connection that stays open, one request after another. */
export interface HttpReader {
  read<T>(path: string): Promise<T>;
  close(): void;
}

export function openReader(url: string): HttpReader {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return {
    read: <T>(path: string) =>
      new Promise<T>((resolve, reject) => {
        get(`${url}${path}`, { agent }, (response) => {
          (json(response) as Promise<T>).then(resolve, reject);
        }).on('error', reject);
      }),
    close: () => agent.destroy(),
  };
}
