import { randomBytes } from "node:crypto";

/**
 * Names a request to the endpoint: UTC time to the millisecond, then 64 random bits, as
 * `20261121T013000123Z-0123456789abcdef`. Later ones sort after earlier ones, and a label that names one says in which
 * hour the transaction was scored.
 */
export function inferenceId(now = new Date(), random: (bytes: number) => Uint8Array = randomBytes): string {
  return `${now.toISOString().replace(/[-:.]/g, "")}-${Buffer.from(random(8)).toString("hex")}`;
}

/** What names one row of a request: the request's own name where it has but one, else with the row's number from 0. */
export const rowInferenceId = (request: string, row: number, rows: number): string =>
  rows === 1 ? request : `${request}#${row}`;

const form = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z-[0-9a-f]{16}(?:#(?:0|[1-9]\d{0,4}))?$/;

/** When the transaction was scored that an inference id names; undefined for what is none. */
export function inferenceTime(id: string): Date | undefined {
  const match = form.exec(id);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, millisecond] = match;
  const text = `${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}Z`;
  const time = new Date(text);
  // A 31st of February is rolled over by some engines, and is no date to others.
  return Number.isNaN(time.getTime()) || time.toISOString() !== text ? undefined : time;
}
