import type { Express } from 'express';

type Engine = (file: string, values: object, done: (error: Error | null, page?: string) => void) => void;

/**
 * Bull Board's page names a web font of another host, which then knows when operators work, and whose absence is an
 * error on every page. Without it the page takes a font of the reader's.
 */
export function withoutOtherHosts(board: Express): void {
  const { engines } = board as unknown as { engines: Record<string, Engine> };
  const render = engines['.ejs'] as Engine;
  board.engine('ejs', (file: string, values: object, done: (error: Error | null, page?: string) => void) =>
    render(file, values, (error, page) => done(error, page?.replace(LINKS_ELSEWHERE, ''))),
  );
}

const LINKS_ELSEWHERE = /<link\b[^>]*\bhref="(?:https?:)?\/\/[^>]*>\s*/g;
