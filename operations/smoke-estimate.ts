// What a smoke test may cost at the most: everything that the stack has at its busiest, for as long as the test may last.
import type { Cost, PriceFile } from "../local/preview/cost";
import type { Need } from "../tools/quotas";

export interface Estimate {
  /** US dollars, rounded up to the cent. */
  usd: number;
  /** What it is made up of, for people. */
  lines: string[];
  /** Instance types that have no price. */
  unpriced: string[];
}

export interface EstimateInput {
  /** The stack's monthly cost, as the preview tells it. */
  cost: Pick<Cost, "region" | "resources">;
  needs: readonly Need[];
  prices: Pick<PriceFile, "hoursPerMonth" | "prices">;
  hours: number;
  /** Of an hour of an instance whose type the price file does not have. */
  instanceUsdPerHour?: number;
}

const HOSTING = "sagemaker:hosting:";

/**
 * AWS bills an instance of SageMaker's the same for hosting and for jobs, and the price file has hosting's. What is billed
 * by use (requests, gigabytes, tasks) is not in it: a smoke test's are cents.
 */
export function estimate({ cost, needs, prices, hours, instanceUsdPerHour }: EstimateInput): Estimate {
  const standing = cost.resources.filter(({ items }) => !items.some((item) => item.includes(HOSTING)));
  const monthly = standing.reduce((sum, each) => sum + each.monthly, 0);
  const fixed = (monthly / prices.hoursPerMonth) * hours;
  const lines = [`${hours} h of what stands (${monthly.toFixed(2)} USD a month): ${fixed.toFixed(2)} USD`];
  const unpriced = new Set<string>();
  let usd = fixed;
  for (const { service, quota, needed, because } of needs) {
    const type = /^(ml\.\S+) for /.exec(quota)?.[1];
    if (service !== "sagemaker" || type === undefined) continue;
    const priced = prices.prices.find(
      ({ item, regions }) => item === `${HOSTING}${type}` && (regions.includes("*") || regions.includes(cost.region)),
    );
    const hourly = priced?.usd ?? instanceUsdPerHour;
    if (hourly === undefined) {
      unpriced.add(type);
      continue;
    }
    const all = needed * hourly * hours;
    usd += all;
    lines.push(`${hours} h of ${needed} × ${type} (${because}): ${all.toFixed(2)} USD`);
  }
  return { usd: Math.ceil(usd * 100) / 100, lines, unpriced: [...unpriced] };
}

/** Why a test must not begin; undefined where it may. */
export function refusal({ usd, unpriced }: Estimate, maxUsd: number): string | undefined {
  if (unpriced.length > 0) {
    return (
      `No price is known of ${unpriced.join(", ")}: give what the dearest of them costs an hour, ` +
      "by AWS's price list, as --instance-usd-per-hour."
    );
  }
  if (usd <= maxUsd) return undefined;
  return `It may cost ${usd.toFixed(2)} USD, and --max-usd is ${maxUsd.toFixed(2)}: give fewer --hours, smaller instances, or a higher ceiling.`;
}
