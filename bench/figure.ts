// What a bench finds, and how it is judged.

export interface Figure {
  value: number;
  unit: string;
  /** What it must be, for people and for the judge: at least or at most so much. */
  goal: { atLeast: number } | { atMost: number };
}

export interface Result {
  value: number;
  unit: string;
  goal: string;
  ok: boolean;
}

/** A group of figures that are measured together. */
export interface Bench {
  /** Names of its figures: `preprocess.cpuVsPandas`. */
  names: readonly string[];
  /** Measures; `say` tells what is under way. */
  run(say: (text: string) => void): Promise<Record<string, Figure>>;
}

export function judge({ value, unit, goal }: Figure): Result {
  const rounded = Number(value.toFixed(3));
  return "atLeast" in goal
    ? { value: rounded, unit, goal: `≥ ${goal.atLeast}`, ok: rounded >= goal.atLeast }
    : { value: rounded, unit, goal: `≤ ${goal.atMost}`, ok: rounded <= goal.atMost };
}

/** The benches that a name or a beginning of one asks for; all where nothing is asked for. */
export function select(benches: readonly Bench[], asked: readonly string[]): Bench[] {
  const unknown = asked.filter((name) => !benches.some((bench) => bench.names.some((each) => each.startsWith(name))));
  if (unknown.length > 0) {
    const known = benches.flatMap((bench) => bench.names).join(", ");
    throw new Error(`There is no bench ${unknown.join(", ")}: the benches are ${known}.`);
  }
  return benches.filter(
    (bench) => asked.length === 0 || asked.some((name) => bench.names.some((each) => each.startsWith(name))),
  );
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1);
  return (low + high) / 2;
}
