type Fields = Record<string, string | number | boolean | null | undefined | readonly string[]>;

/**
 * One line of JSON in the function's log. Fields are names, counts and reasons; never a payload, which may hold a
 * person's data.
 */
export const log = {
  info: (message: string, fields: Fields = {}): void => write("info", message, fields),
  warn: (message: string, fields: Fields = {}): void => write("warn", message, fields),
  error: (message: string, fields: Fields = {}): void => write("error", message, fields),
};

/** A thrown value's name and message, for a log line. */
export function describeError(error: unknown): { error: string; reason: string } {
  return error instanceof Error
    ? { error: error.name, reason: error.message }
    : { error: typeof error, reason: String(error) };
}

function write(level: string, message: string, fields: Fields): void {
  process.stdout.write(`${JSON.stringify({ level, message, ...fields, time: new Date().toISOString() })}\n`);
}
