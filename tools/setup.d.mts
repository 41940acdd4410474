/** See setup.mjs: paths of the tools, by their names. */
export function setup(options?: { withOracles?: boolean; withSpark?: boolean }): Promise<Record<string, string>>;
/** A failure that the user can act on: one paragraph with cause and remedy. */
export class SetupError extends Error {}
export const root: string;
