import * as t from "io-ts";

/** A point in time, ISO 8601. */
export const Time = new t.Type<Date, string, unknown>(
  "Time",
  (input): input is Date => input instanceof Date,
  (input, context) => {
    const time = typeof input === "string" && /^\d{4}-\d{2}-\d{2}T/.test(input) ? new Date(input) : undefined;
    return time === undefined || Number.isNaN(time.getTime())
      ? t.failure(input, context, "must be a time such as 2026-11-21T13:00:00Z")
      : t.success(time);
  },
  (time) => time.toISOString(),
);
