// What benches find, how they are run, and how their figures are judged.

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

/** A figure that could not be measured misses its goal, and says why. */
export interface Failure {
  value: null;
  ok: false;
  error: string;
}

/** What `bench/results.json` holds, by the figure's name. */
export type Results = Record<string, Result | Failure>;

/** A group of figures that are measured together. */
export interface Bench {
  /** Names of its figures: `preprocess.cpuVsPandas`. */
  names: readonly string[];
  /** Measures; `say` tells what is under way. */
  run(say: (text: string) => void): Promise<Record<string, Figure>>;
}

/** The value is shown rounded and judged as it was measured. @throws Error where it is no number: it met nothing. */
export function judge({ value, unit, goal }: Figure): Result {
  if (!Number.isFinite(value)) throw new Error(`${value} ${unit} is no figure`);
  const shown = Number(value.toFixed(3));
  return "atLeast" in goal
    ? { value: shown, unit, goal: `≥ ${goal.atLeast}`, ok: value >= goal.atLeast }
    : { value: shown, unit, goal: `≤ ${goal.atMost}`, ok: value <= goal.atMost };
}

/**
 * Runs benches one after the other; `onDone` takes each one's results as they come. A bench that fails leaves a
 * failure for each of its figures, and the others run all the same.
 */
export async function runBenches(
  benches: readonly Bench[],
  say: (text: string) => void,
  onDone: (results: Results) => void,
): Promise<Results> {
  const all: Results = {};
  for (const bench of benches) {
    say(bench.names.join(", "));
    const results = await resultsOf(bench, (text) => say(`  ${text}`));
    for (const [name, result] of Object.entries(results)) say(`  ${told(name, result)}`);
    Object.assign(all, results);
    onDone(results);
  }
  return all;
}

async function resultsOf(bench: Bench, say: (text: string) => void): Promise<Results> {
  try {
    const figures = await bench.run(say);
    return Object.fromEntries(
      bench.names.map((name) => {
        const figure = figures[name];
        if (figure === undefined) throw new Error(`the bench did not measure ${name}`);
        return [name, judge(figure)];
      }),
    );
  } catch (error) {
    const failure: Failure = { value: null, ok: false, error: error instanceof Error ? error.message : String(error) };
    return Object.fromEntries(bench.names.map((name) => [name, failure]));
  }
}

function told(name: string, result: Result | Failure): string {
  if ("error" in result) return `FAIL ${name}: ${result.error}`;
  return `${result.ok ? "ok  " : "MISS"} ${name} = ${result.value} ${result.unit} (goal ${result.goal})`;
}

/** Two things that were measured one right after the other. */
export interface Pair<T> {
  ours: T;
  theirs: T;
}

/**
 * Measures two things in pairs, every other time the other one first: what the machine does meanwhile, and what the
 * first leaves warm for the second, falls on both alike.
 */
export async function inPairs<T>(
  pairs: number,
  ours: () => Promise<T>,
  theirs: () => Promise<T>,
  onPair: (pair: Pair<T>, number: number) => void,
): Promise<Pair<T>[]> {
  const measured: Pair<T>[] = [];
  for (let number = 1; number <= pairs; number++) {
    const pair = number % 2 === 1 ? await theirsFirst(ours, theirs) : { ours: await ours(), theirs: await theirs() };
    measured.push(pair);
    onPair(pair, number);
  }
  return measured;
}

async function theirsFirst<T>(ours: () => Promise<T>, theirs: () => Promise<T>): Promise<Pair<T>> {
  const first = await theirs();
  return { ours: await ours(), theirs: first };
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
