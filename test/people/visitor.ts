import { run as people } from '../../src/cli/people/run.ts';
import { runCommand } from '../scripts/verifyCommand.ts';
import type { TestPipeline } from '../support/pipeline.ts';

export const PASSWORD = 'correct horse battery';

/** A browser without a screen: it keeps the cookie it was given, and says which page it is on. */
export class Visitor {
  readonly #url: string;
  cookie: string | undefined;
  /** As it was set last. */
  setCookie = '';

  constructor({ url }: { url: string }, cookie?: string) {
    this.#url = url;
    this.cookie = cookie;
  }

  async ask(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const headers = { ...(this.cookie === undefined ? {} : { cookie: this.cookie }), ...init.headers };
    const response = await fetch(`${this.#url}${path}`, { redirect: 'manual', ...init, headers });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) {
      this.setCookie = set;
      this.cookie = set.split(';', 1)[0] as string;
    }
    return response;
  }

  /** Reads the body to its end as well: the connection of an unread one stays open. */
  async status(path: string, init?: RequestInit & { headers?: Record<string, string> }): Promise<number> {
    const response = await this.ask(path, init);
    await response.arrayBuffer();
    return response.status;
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
    const json = { 'content-type': 'application/json', ...headers };
    return this.status(path, { method: 'POST', headers: json, body: JSON.stringify(body) });
  }

  signIn(name: string, password = PASSWORD): Promise<number> {
    return this.post('/sign-in', { name, password });
  }

  async session(): Promise<{ person: unknown; closed: boolean }> {
    return (await (await this.ask('/session')).json()) as { person: unknown; closed: boolean };
  }
}

/** The people command on the Redis of a pipeline; words with spaces are not split. */
export const peopleOf =
  (pipeline: TestPipeline, env: Record<string, string> = {}) =>
  (...args: string[]) =>
    runCommand(people, args, { REDIS_URL: pipeline.redis.url, ...env });

/** Invites somebody, who chooses the usual password, and is signed in by that. */
export async function invited(
  pipeline: TestPipeline,
  name: string,
  role: string,
  env: Record<string, string> = {},
): Promise<Visitor> {
  const { stdout } = await peopleOf(pipeline, env)('invite', name, '--role', role);
  const visitor = new Visitor(pipeline);
  const token = new URL(stdout.trim()).hash.slice(1);
  const status = await visitor.post('/invitation', { token, password: PASSWORD });
  if (status !== 204) throw new Error(`the invitation was answered with ${status}`);
  return visitor;
}
