export function findChromium(): string | undefined;
export function howToGetChromium(): string;
