// The stages of a run: what is under way is shown, what is done is recorded, what comes after a failure is skipped.
import ora from "ora";

export interface StageRecord {
  name: string;
  status: "passed" | "failed" | "skipped";
  /** Wall time. */
  seconds: number;
  /** One line for people: what came out. */
  detail?: string;
}

/** Says what a stage is doing just now; shown beside the spinner, and nowhere where there is no terminal. */
export type Progress = (text: string) => void;

/** What a stage answers: its result, and one line for people. */
export interface Outcome<T> {
  value: T;
  detail: string;
}

export class Stages {
  readonly records: StageRecord[] = [];

  constructor(
    /** Every stage of a complete run, in order: those never reached are recorded as skipped. */
    private readonly plan: readonly { name: string; title: string }[],
    private readonly stream: NodeJS.WriteStream,
  ) {}

  /** Runs one stage of the plan. Its error is recorded and thrown on. */
  async run<T>(name: string, work: (progress: Progress) => Promise<Outcome<T>>): Promise<T> {
    const title = this.plan.find((stage) => stage.name === name)?.title;
    if (title === undefined) throw new Error(`stage ${name} is not in the plan`);
    const from = performance.now();
    const seconds = () => (performance.now() - from) / 1000;
    const line = (text: string) => `${title.padEnd(22)} ${seconds().toFixed(1).padStart(6)} s  ${text}`;
    const terminal = this.stream.isTTY;
    // The spinner discards standard input while it turns, which would also take Ctrl-C's place.
    const spinner = ora({
      text: line(""),
      stream: this.stream,
      isEnabled: terminal,
      isSilent: !terminal,
      discardStdin: false,
    });
    let doing = "";
    const show = () => (spinner.text = fit(line(doing), this.stream.columns));
    spinner.start();
    const clock = setInterval(show, 200);
    const finish = (status: "passed" | "failed", detail: string) => {
      clearInterval(clock);
      this.records.push({ name, status, seconds: Number(seconds().toFixed(3)), detail });
      if (terminal) spinner[status === "passed" ? "succeed" : "fail"](fit(line(detail), this.stream.columns));
      else this.stream.write(`${status === "passed" ? "ok  " : "FAIL"} ${line(detail)}\n`);
    };
    try {
      const outcome = await work((text) => {
        doing = text;
        if (terminal) show();
      });
      finish("passed", outcome.detail);
      return outcome.value;
    } catch (error) {
      finish("failed", error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error));
      throw error;
    }
  }

  /** All stages of the plan, those that were never reached as skipped. */
  all(): StageRecord[] {
    const known = new Map(this.records.map((record) => [record.name, record]));
    return this.plan.map(({ name }) => known.get(name) ?? { name, status: "skipped", seconds: 0 });
  }
}

/** Cuts a line to the terminal's width, so that the spinner redraws it in place. */
function fit(text: string, columns: number | undefined): string {
  const room = (columns ?? 120) - 3;
  return text.length > room ? `${text.slice(0, room - 1)}…` : text;
}
