/** The variables that lead to a Redis: with one of them set, none has to be installed. */
export const REDIS_PLACES: readonly string[];
