/** A length of time as a reader takes it in: `3 ms`, `1.4 s`. */
export const milliseconds = (value: number): string =>
  value < 1_000 ? `${Math.max(1, Math.round(value))} ms` : `${(value / 1_000).toFixed(1)} s`;

/** A size: `612 bytes`, `14.2 kB`. */
export const bytes = (value: number): string =>
  value < 1_000 ? `${value} bytes` : `${(value / 1_000).toFixed(1)} kB`;
