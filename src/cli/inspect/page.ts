import type { Inspected } from './inspected.ts';
export const pageOf = (file: string, _inspected: Inspected): string => file;
