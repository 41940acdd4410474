/** See compile.mjs: the compiled file of an entry. */
export function compile(root: string, script: string, renamed?: Record<string, string>): Promise<string>;
