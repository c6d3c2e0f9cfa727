export function howToGetPromtool(): string;
