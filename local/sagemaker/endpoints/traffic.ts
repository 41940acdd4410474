import type { Fleet, Target } from "./fleet";

/** A fleet's share of an endpoint's requests, from 0 to 1. */
export interface Route {
  fleet: Fleet;
  share: number;
}

/** How an endpoint's requests are divided between its fleets: one in ordinary times, two during a rollout. */
export class Traffic {
  private routes: readonly Route[] = [];

  /** @param routes whose shares add up to 1; applied to the very next request */
  set(routes: readonly Route[]): void {
    this.routes = routes;
  }

  get fleets(): Fleet[] {
    return this.routes.map(({ fleet }) => fleet);
  }

  /** Chooses a fleet by share, and of it a variant. @returns undefined when the variant does not exist */
  pick(variantName?: string): Target | undefined {
    let rest = Math.random();
    for (const { fleet, share } of this.routes) {
      rest -= share;
      if (rest < 0) return fleet.pick(variantName);
    }
    return this.routes.at(-1)?.fleet.pick(variantName);
  }
}
