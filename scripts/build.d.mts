/** Whether dist is the build of the present sources. */
export function isBuilt(): boolean;
export function build(): Promise<void>;
