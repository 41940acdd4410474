/** A query that a workgroup offers by name. It names the table without its database, which the query's context gives. */
export interface OfferedQuery {
  name: string;
  description: string;
  /** In Trino's SQL, as Athena speaks it. */
  sql: (table: string) => string;
}

/** The day so many days ago as the partitions are named: only partitions that the query names are read. */
const daysAgo = (days: number): string => `cast(cast(current_date - interval '${days}' day AS date) AS varchar)`;

const fraudPerHour: OfferedQuery = {
  name: "fraud-per-hour",
  description:
    "Transactions scored, and how many of them as fraud, in each hour (UTC) of the files of the last 7 days.",
  sql: (table) => `
SELECT
  replace(substr(scored_at, 1, 13), 'T', ' ') || ':00' AS hour,
  count(*) AS transactions,
  sum(CASE WHEN prediction = 'fraud' THEN 1 ELSE 0 END) AS fraud,
  1e2 * sum(CASE WHEN prediction = 'fraud' THEN 1 ELSE 0 END) / count(*) AS fraud_percent,
  coalesce(sum(CASE WHEN prediction = 'fraud' THEN amount END), 0e0) AS fraud_amount
FROM ${table}
WHERE dt >= ${daysAgo(7)}
GROUP BY 1
ORDER BY 1 DESC`,
};

/**
 * Half decades of the probability are the bins, because most scores are near 0. A share of nothing has no logarithm:
 * half a transaction is added to each bin. Divisions are of doubles: Trino's decimals would lose their digits.
 */
const scoreDrift: OfferedQuery = {
  name: "score-drift",
  description:
    "Each day's scores against those of the days before, over 35 days: transactions, mean probability, and the " +
    "population stability index (below 0.1 alike, above 0.25 another population; empty for the first day).",
  sql: (table) => `
WITH binned AS (
  SELECT
    dt,
    floor(2e0 * log10(greatest(probability, 1e-4))) AS bin,
    count(*) AS n,
    sum(probability) AS total
  FROM ${table}
  WHERE dt >= ${daysAgo(35)}
  GROUP BY 1, 2
), days AS (
  SELECT dt, sum(n) AS transactions, sum(total) / sum(n) AS mean_probability FROM binned GROUP BY 1
), bins AS (
  SELECT DISTINCT bin FROM binned
), counts AS (
  SELECT
    days.dt,
    bins.bin,
    coalesce(sum(CASE WHEN binned.dt = days.dt THEN binned.n END), 0) + 5e-1 AS n,
    coalesce(sum(CASE WHEN binned.dt < days.dt THEN binned.n END), 0) + 5e-1 AS n_before,
    max(CASE WHEN binned.dt < days.dt THEN 1 ELSE 0 END) AS any_before
  FROM days
  CROSS JOIN bins
  LEFT JOIN binned ON binned.bin = bins.bin
  GROUP BY 1, 2
), shares AS (
  SELECT
    dt,
    n / sum(n) OVER (PARTITION BY dt) AS share,
    n_before / sum(n_before) OVER (PARTITION BY dt) AS share_before,
    any_before
  FROM counts
)
SELECT
  days.dt,
  days.transactions,
  days.mean_probability,
  CASE WHEN max(shares.any_before) = 1
    THEN sum((shares.share - shares.share_before) * ln(shares.share / shares.share_before))
  END AS stability_index
FROM days
JOIN shares ON shares.dt = days.dt
GROUP BY 1, 2, 3
ORDER BY 1 DESC`,
};

const topAmounts: OfferedQuery = {
  name: "top-amounts",
  description: "The 100 largest amounts that were scored as fraud, in the files of the last 7 days.",
  sql: (table) => `
SELECT transaction_id, amount, probability, threshold, scored_at, source, row_number, model_version, inference_id
FROM ${table}
WHERE dt >= ${daysAgo(7)} AND prediction = 'fraud' AND amount IS NOT NULL
ORDER BY amount DESC, probability DESC, transaction_id
LIMIT 100`,
};

export const QUERIES: readonly OfferedQuery[] = [fraudPerHour, scoreDrift, topAmounts];
