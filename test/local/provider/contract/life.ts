import { isDeepStrictEqual } from "node:util";
import type { Lifecycle } from "../../../../local/provider/lifecycle";
import { difference, topOf } from "../../../../local/provider/diff";
import type { Properties } from "../../../../local/provider/values";
import type { Scenario } from "./examples";
import { urnOf } from "./world";

const SEED = new Uint8Array([1, 2, 3]);

/** What came out of a resource's life. */
export interface Outcome {
  /** Where the type did not keep its contract, in words. */
  problems: string[];
  /** Inputs that the service has otherwise than was asked for, or that reading does not look at. */
  unseen: Set<string>;
  /** Whether the resource could still be read or found after its deletion. */
  remains: boolean;
  /** Whether it was found by its inputs alone. */
  findable: boolean;
}

/** Leads one resource from its creation to its deletion, as the engine would. */
export async function lead(lifecycle: Lifecycle, type: string, scenario: Scenario): Promise<Outcome> {
  const life = new Life(lifecycle, type);
  try {
    await life.lead(scenario);
  } catch (error) {
    life.outcome.problems.push(`${type} fails: ${error instanceof Error ? error.stack : String(error)}`);
    await life.abandon();
  }
  return life.outcome;
}

class Life {
  readonly outcome: Outcome = { problems: [], unseen: new Set(), remains: false, findable: false };
  private readonly urn: string;
  private program: Properties = {};
  private inputs: Properties = {};
  private properties: Properties = {};
  private id = "";

  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly type: string,
  ) {
    this.urn = urnOf(type, "life");
  }

  async lead({ inputs, others, together = [] }: Scenario): Promise<void> {
    await this.create(inputs);
    const updated = Object.entries(others).filter(([input]) => this.isUpdated(input));
    for (const [input, other] of updated) await this.look(input, other);
    for (const [input, other] of Object.entries(others)) {
      if (this.isUpdated(input)) await this.update({ [input]: other });
      else this.replace(input, other);
    }
    for (const changes of together) await this.update(changes);
    if (updated.length > 1) await this.update(Object.fromEntries(updated.map(([input]) => [input, inputs[input]])));
    await this.end();
  }

  /** Deletes what is there. */
  async abandon(): Promise<void> {
    if (this.id) await this.lifecycle.delete(this.urn, this.id, this.properties);
  }

  private async create(program: Properties): Promise<void> {
    this.program = program;
    this.inputs = await this.check(program, {});
    const { id = "", properties } = await this.lifecycle.create(this.urn, this.inputs, false);
    [this.id, this.properties] = [id, properties];
    await this.refresh("after creation");
    await this.find();
  }

  private async update(changes: Properties): Promise<void> {
    const names = Object.keys(changes);
    const before = this.inputs;
    const program = { ...this.program, ...changes };
    const inputs = await this.check(program, before);
    const { changes: planned, replaces } = this.lifecycle.diff(this.urn, before, inputs);
    const tops = [...new Set([...planned.keys()].map(topOf))].filter((top) => top !== "tagsAll");
    if (!isDeepStrictEqual(tops.sort(), [...names].sort()))
      this.problem(names, `is planned as a change of ${tops.join()}`);
    if (replaces.length > 0) this.problem(names, `is planned as a replacement for ${replaces.join()}`);
    try {
      this.properties = await this.lifecycle.update(this.urn, this.id, this.properties, inputs, false);
    } catch (error) {
      this.problem(names, `can't be updated: ${String(error)}`);
      return;
    }
    [this.program, this.inputs] = [program, inputs];
    await this.refresh(`after the update of ${names.join()}`);
    for (const input of names) await this.look(input, before[input]);
  }

  /** A change that makes a new resource is only planned. */
  private replace(input: string, other: unknown): void {
    const { replaces } = this.lifecycle.diff(this.urn, this.inputs, { ...this.inputs, [input]: other });
    if (!replaces.includes(input)) this.problem([input], "is not planned as a replacement");
  }

  /** A creation that nobody saw the end of is found again by its inputs, and by nothing else. */
  private async find(): Promise<void> {
    const found = await this.lifecycle.find(this.urn, this.inputs, new Set(["other"]));
    this.outcome.findable = found !== undefined;
    if (!found) return;
    if (found.id !== this.id) this.problem([], `has the id ${this.id}, and is found with the id ${found.id}`);
    const computed = Object.keys(this.properties).filter((name) => !(name in this.inputs) && !name.startsWith("__"));
    const lost = computed.filter((name) => !isDeepStrictEqual(found.properties[name], this.properties[name]));
    if (lost.length > 0) this.problem(lost, "is another output, or none, once the resource is found again");
  }

  private async end(): Promise<void> {
    await this.lifecycle.delete(this.urn, this.id, this.properties);
    const found = await this.lifecycle.find(this.urn, this.inputs, new Set());
    this.outcome.remains = found !== undefined || (await this.read(this.properties, this.inputs)) !== undefined;
    await this.lifecycle.delete(this.urn, this.id, this.properties).catch((error: unknown) => {
      this.problem([], `can't be deleted again: ${String(error)}`);
    });
  }

  /** Reading finds what was asked for. */
  private async refresh(when: string): Promise<void> {
    const current = await this.read(this.properties, this.inputs);
    if (!current) return this.problem([], `is gone ${when}`);
    for (const path of difference(this.inputs, current.inputs).keys()) {
      const top = topOf(path);
      const values = [this.inputs, current.inputs].map((inputs) => JSON.stringify(inputs[top]));
      this.problem([path], `differs ${when}: ${values.join(" is read as ")}`);
    }
    return undefined;
  }

  /** Had something else been asked for, reading would tell that the service has another value. */
  private async look(input: string, wrong: unknown): Promise<void> {
    const falsified = (properties: Properties) => ({
      ...properties,
      [input]: wrong,
      ...(input === "tags" ? { tagsAll: wrong } : {}),
    });
    const asked = falsified(this.inputs);
    const current = await this.read(falsified(this.properties), asked);
    const seen = !current || [...difference(asked, current.inputs).keys()].some((path) => topOf(path) === input);
    if (!seen) this.outcome.unseen.add(input);
  }

  private read(state: Properties, inputs: Properties) {
    return this.lifecycle.read(this.urn, this.id, state, inputs);
  }

  private async check(program: Properties, olds: Properties): Promise<Properties> {
    const { inputs, failures } = await this.lifecycle.check(this.urn, program, olds, SEED);
    for (const { property, reason } of failures) this.problem([property], `is refused: ${reason}`);
    return inputs;
  }

  private isUpdated(input: string): boolean {
    return this.lifecycle.consequence(this.urn, input, this.inputs) !== "replace";
  }

  private problem(inputs: string[], what: string): void {
    this.outcome.problems.push(`${[this.type, inputs.join()].filter(Boolean).join(" ")} ${what}`);
  }
}
