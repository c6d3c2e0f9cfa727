import { expect, test } from '@jest/globals';
import { pageFiles } from '../../src/http/pageFiles.ts';

test('a page that was not built says what to type, and only once somebody wants it', () => {
  const page = pageFiles('nowhere');
  expect(page.paths).toEqual(['/nowhere', '/nowhere/nowhere.css', '/nowhere/nowhere.js']);
  expect(() => page.read('/nowhere')).toThrow(
    'The page nowhere/nowhere.html is not there: npm run build makes it',
  );
});
