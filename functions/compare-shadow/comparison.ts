import type { CapturedAnswer } from "./captured";

/** A model that takes part, and from which probability on it calls a transaction fraud. */
export interface Side {
  packageArn: string;
  threshold: number;
}

/** What the two models made of the same transactions. Scores are probabilities. */
export interface Agreement {
  /** Requests that both answered. */
  requests: number;
  /** Transactions in them. */
  rows: number;
  /** Of requests that both answered, those with another number of scores: they are not compared. */
  unlike: number;
  scores: {
    /** Shadow less production. */
    meanDifference: number;
    meanAbsoluteDifference: number;
    maximumAbsoluteDifference: number;
    /** Of the absolute difference, to 0.0001. */
    median: number;
    p99: number;
    /** Counts of the difference, shadow less production, in bands of equal width from -1 to 1. */
    histogram: number[];
  };
  /** What the two decide, each by its own threshold. */
  decisions: {
    bothFraud: number;
    bothLegitimate: number;
    onlyProductionFraud: number;
    onlyShadowFraud: number;
    /** Share on which they agree; 1 where there is nothing. */
    agreement: number;
  };
  /** Transactions on which they decide differently, those with the largest difference first. */
  examples: { inferenceId: string; row: number; production: number; shadow: number }[];
}

const FINE_BINS = 10_000;
export const HISTOGRAM_BINS = 40;
const EXAMPLES = 20;

/** Holds answers of two models against each other, in memory that does not grow with their number. */
export class Comparison {
  private requests = 0;
  private rows = 0;
  private unlike = 0;
  private sum = 0;
  private absoluteSum = 0;
  private maximum = 0;
  private readonly fine = new Float64Array(FINE_BINS + 1);
  private readonly histogram = Array<number>(HISTOGRAM_BINS).fill(0);
  private readonly decided = { bothFraud: 0, bothLegitimate: 0, onlyProductionFraud: 0, onlyShadowFraud: 0 };
  private examples: Agreement["examples"] = [];

  constructor(
    private readonly production: Side,
    private readonly shadow: Side,
  ) {}

  /** Two answers to the same request. */
  add(production: CapturedAnswer, shadow: CapturedAnswer): void {
    this.requests += 1;
    if (production.scores.length !== shadow.scores.length) {
      this.unlike += 1;
      return;
    }
    for (const [row, score] of production.scores.entries()) {
      this.addRow(production.inferenceId, row, score, shadow.scores[row] ?? NaN);
    }
  }

  private addRow(inferenceId: string, row: number, production: number, shadow: number): void {
    const difference = shadow - production;
    const absolute = Math.abs(difference);
    this.rows += 1;
    this.sum += difference;
    this.absoluteSum += absolute;
    this.maximum = Math.max(this.maximum, absolute);
    const bin = Math.min(FINE_BINS, Math.ceil(absolute * FINE_BINS));
    this.fine[bin] = (this.fine[bin] ?? 0) + 1;
    const band = Math.min(HISTOGRAM_BINS - 1, Math.floor(((difference + 1) / 2) * HISTOGRAM_BINS));
    this.histogram[band] = (this.histogram[band] ?? 0) + 1;
    const [one, other] = [production >= this.production.threshold, shadow >= this.shadow.threshold];
    this.decided[one ? (other ? "bothFraud" : "onlyProductionFraud") : other ? "onlyShadowFraud" : "bothLegitimate"] +=
      1;
    if (one !== other) this.keep({ inferenceId, row, production, shadow });
  }

  private keep(example: Agreement["examples"][number]): void {
    const off = ({ production, shadow }: typeof example) => Math.abs(production - shadow);
    this.examples = [...this.examples, example].sort((a, b) => off(b) - off(a)).slice(0, EXAMPLES);
  }

  result(): Agreement {
    const { rows, decided } = this;
    const each = (total: number) => (rows === 0 ? 0 : total / rows);
    return {
      requests: this.requests,
      rows,
      unlike: this.unlike,
      scores: {
        meanDifference: each(this.sum),
        meanAbsoluteDifference: each(this.absoluteSum),
        maximumAbsoluteDifference: this.maximum,
        median: this.quantile(0.5),
        p99: this.quantile(0.99),
        histogram: [...this.histogram],
      },
      decisions: {
        ...decided,
        agreement: rows === 0 ? 1 : (decided.bothFraud + decided.bothLegitimate) / rows,
      },
      examples: [...this.examples],
    };
  }

  /** The upper end of the bin in which the quantile of the absolute difference lies. */
  private quantile(share: number): number {
    let left = share * this.rows;
    for (const [bin, count] of this.fine.entries()) {
      left -= count;
      if (left <= 0) return bin / FINE_BINS;
    }
    return 0;
  }
}
