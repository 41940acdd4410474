import type { Plain, Properties } from "../../../../local/provider/values";
import type { World } from "./world";

/** A resource in its life: as it is made, and how it is changed. */
export interface Scenario<Inputs extends object = Properties> {
  /** As it is made. */
  inputs: Inputs;
  /** Another valid value for inputs, each changed by itself, in this order, in the resource as the last change left it. */
  others: Partial<Inputs>;
  /** Changes of several inputs at once, for inputs that can't be changed by themselves. */
  together?: Partial<Inputs>[];
}

/** The scenarios of a type. Where inputs exclude one another there are several. */
export type Examples = (world: World) => Promise<Scenario[]> | Scenario[];

/** Scenarios whose inputs are those of the class in `@pulumi/aws`. */
export function examples<Args extends object>(
  make: (world: World) => Promise<Scenario<Plain<Args>>[]> | Scenario<Plain<Args>>[],
): Examples {
  return make as unknown as Examples;
}

/** A policy document of one statement. */
export function policy(statement: object): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

export const TAGS = { project: "fraud", stage: "one" };
export const OTHER_TAGS = { project: "fraud", owner: "risk" };
