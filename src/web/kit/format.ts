/** `12345` → `12,345` */
export const whole = (count: number): string => Math.round(count).toLocaleString('en-US');

/** Two digits that matter below ten, none after the point above. */
export const rate = (value: number): string => (value > 0 && value < 10 ? value.toFixed(1) : whole(value));

export const money = (amount: number, currency: string): string =>
  `${amount.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ${currency}`;

export const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** `1 order`, `2 orders` */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${whole(count)} ${count === 1 ? one : many}`;

export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(seconds < 1 ? 1 : 0)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

export function milliseconds(ms: number): string {
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  return duration(ms / 1_000);
}

const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What hides in a text, or turns its direction, as JSON writes it: `\u202e`. An id must not look like another one. */
export const visible = (text: string): string =>
  text.replace(HIDDEN, (hidden) =>
    [...Array(hidden.length).keys()]
      .map((at) => `\\u${hidden.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  );

/** A time of day, UTC as everything here. */
export const clock = (iso: string): string => iso.slice(11, 19);
export const dayAndTime = (iso: string): string => `${iso.slice(0, 10)} ${iso.slice(11, 16)}`;

/** Where words of the API are followed by ours. */
export const asSentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`);
