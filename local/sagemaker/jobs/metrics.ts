import { now } from "../time";

/** A metric as a training job reports it. */
export interface Metric {
  MetricName: string;
  Value: number;
  Timestamp: number;
}

/** How to find a metric in a job's log. */
export interface MetricDefinition {
  Name: string;
  Regex: string;
}

/** Reads metrics out of a job's log lines; of each, the last value is the job's. */
export class MetricReader {
  private readonly patterns: { name: string; pattern: RegExp }[];
  private readonly found = new Map<string, Metric>();

  /**
   * @param onValue called with each value, as it is read
   * @throws SyntaxError when a Regex is none: check with {@link wrongPatterns} first
   */
  constructor(
    definitions: readonly MetricDefinition[],
    private readonly onValue: (name: string, value: number) => void = () => undefined,
  ) {
    this.patterns = definitions.map(({ Name, Regex }) => ({ name: Name, pattern: new RegExp(Regex) }));
  }

  read(line: string): void {
    for (const { name, pattern } of this.patterns) {
      const value = Number(pattern.exec(line)?.[1] ?? NaN);
      if (!Number.isFinite(value)) continue;
      this.found.set(name, { MetricName: name, Value: value, Timestamp: now() });
      this.onValue(name, value);
    }
  }

  latest(): Metric[] {
    return [...this.found.values()];
  }
}

/** What is wrong with metric definitions: one sentence for each pattern that can't be used. */
export function wrongPatterns(definitions: readonly MetricDefinition[]): string[] {
  return definitions.flatMap(({ Name, Regex }) => {
    try {
      new RegExp(Regex);
      return [];
    } catch (error) {
      return [`the Regex of metric ${Name} is wrong: ${(error as Error).message}`];
    }
  });
}
