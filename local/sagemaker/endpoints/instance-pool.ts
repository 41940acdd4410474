/** AWS has no instances to give. */
export class InsufficientCapacityError extends Error {
  constructor() {
    super(
      "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. " +
        "Please retry using a different ML instance type or after some time.",
    );
  }
}

/** The instances that endpoints may have at the same time. */
export class InstancePool {
  private readonly taken = new Map<string, number>();

  /** @param sizes by type; of a type that is not named there are always more */
  constructor(private readonly sizes: Readonly<Record<string, number>>) {}

  /**
   * Takes instances, all or none.
   *
   * @returns what gives each of them back; calling it again does nothing
   * @throws InsufficientCapacityError where there are fewer
   */
  take(type: string, count: number): (() => void)[] {
    const taken = (this.taken.get(type) ?? 0) + count;
    if (count > 0 && taken > (this.sizes[type] ?? Infinity)) throw new InsufficientCapacityError();
    this.taken.set(type, taken);
    return Array.from({ length: count }, () => {
      let given = false;
      return () => {
        if (!given) this.taken.set(type, (this.taken.get(type) ?? 0) - 1);
        given = true;
      };
    });
  }
}
