import * as t from "io-ts";

export const CacheConfig = t.intersection([t.type({ Enabled: t.boolean }), t.partial({ ExpireAfter: t.string })]);
export type CacheConfig = t.TypeOf<typeof CacheConfig>;

const DAY = 86_400;
/** Years, months and weeks before the T; a year counts 365 days, a month 30. */
const DURATION = /^p?(?:(\d+)y)?(?:(\d+)m)?(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?$/i;
const UNIT_SECONDS = [365 * DAY, 30 * DAY, 7 * DAY, DAY, 3600, 60, 1];

/** The seconds of an ISO 8601 duration, whose P SageMaker lets one leave out; undefined for anything else. */
export function expirySeconds(duration: string): number | undefined {
  const parts = DURATION.exec(duration)?.slice(1);
  if (!parts || parts.every((part) => part === undefined) || /t$/i.test(duration)) return undefined;
  return parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (UNIT_SECONDS[index] ?? 0), 0);
}
