import type { Request, Response } from 'express';

/**
 * The path under which a proxy shows this API, `BASE_PATH`: '' or like `/orders`. A request is taken with it and
 * without it, so that a proxy may strip it or not and probes need not know of it; every address that leaves begins
 * with it. Nothing behind this sees it in a request.
 */
export function atBasePath(basePath: string): (request: Request, response: Response) => void {
  if (basePath === '') return () => {};
  // Clients of a proxy may write the whole address.
  const begins = new RegExp(`^((?:https?://[^/?]*)?)${basePath}(?=[/?]|$)`);
  return (request, response) => {
    response.locals.basePath = basePath;
    const [prefix, origin = ''] = begins.exec(request.url) ?? [];
    if (prefix === undefined) return;
    const rest = request.url.slice(prefix.length);
    request.url = request.originalUrl = origin + (rest.startsWith('/') ? rest : `/${rest}`);
  };
}

/** What an address begins with that is written into this answer. */
export const basePathOf = (response: Response): string =>
  (response.locals.basePath as string | undefined) ?? '';
