export function helmPath(): string | undefined;
export function howToGetHelm(): string;
