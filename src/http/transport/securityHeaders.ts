import type { Request, Response } from 'express';
import helmet, { type HelmetOptions } from 'helmet';

const SELF = ["'self'"];

const common = {
  // TLS ends in front of this process, and what ends it knows for which names it may promise TLS.
  strictTransportSecurity: false,
  // For browsers of fifteen years ago and for Flash. Each header is paid for by every answer.
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xDnsPrefetchControl: false,
  xXssProtection: false,
} satisfies HelmetOptions;

const directives = {
  defaultSrc: ["'none'"],
  scriptSrc: SELF,
  styleSrc: SELF,
  imgSrc: ["'self'", 'data:'],
  fontSrc: SELF,
  connectSrc: SELF,
  manifestSrc: SELF,
  baseUri: ["'none'"],
  formAction: SELF,
  frameAncestors: SELF,
};

const strict = helmet({ ...common, contentSecurityPolicy: { useDefaults: false, directives } });

/** Bull Board starts itself by an inline script and styles, and finds its parts by a `<base>` of its own. */
const forBoard = helmet({
  ...common,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      ...directives,
      scriptSrc: ["'self'", "'unsafe-inline'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      fontSrc: ["'self'", 'data:'],
      baseUri: SELF,
    },
  },
});

/** The same headers on every answer, tight ones everywhere except under `loosePath`. */
export function securityHeaders(
  loosePath: string | undefined,
): (request: Request, response: Response) => void {
  // Helmet builds them for each request anew, and they never differ: recorded once, they cost a third.
  const [tight, loose] = [recorded(strict), recorded(forBoard)];
  return (request, response) => {
    const headers = loosePath !== undefined && request.url.startsWith(loosePath) ? loose : tight;
    for (const [name, value] of headers) response.setHeader(name, value);
  };
}

function recorded(middleware: ReturnType<typeof helmet>): [string, string][] {
  const headers = new Map<string, string>();
  const recorder = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  };
  middleware({} as Request, recorder as unknown as Response, () => {});
  return [...headers];
}
