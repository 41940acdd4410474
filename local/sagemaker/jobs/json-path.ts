import { isDeepStrictEqual } from "node:util";

/** A step of a path: into members by name, into elements by position, or into everything. */
type Segment = { kind: "names"; names: string[] } | { kind: "positions"; positions: Position[] } | { kind: "all" };
type Position = number | { start?: number; end?: number };

/** The part of JSONPath that batch transform has: children, unions, indexes, slices and wildcards. */
export type JsonPath = Segment[];

const SEGMENT = /\.?\[([^\]]*)\]|\.\*|\.([^.[\]*'"\s]+)/gy;
const NAME = /^\s*(?:'([^']*)'|"([^"]*)")\s*$/;
const POSITION = /^\s*(?:(-?\d+)|(-?\d+)?:(-?\d+)?)\s*$/;

/** @throws Error that says where the text stops being such a path */
export function parseJsonPath(text: string): JsonPath {
  if (!text.startsWith("$")) throw new Error(`the JSONPath "${text}" does not begin with $`);
  const path: JsonPath = [];
  let end = 1;
  SEGMENT.lastIndex = end;
  for (let match = SEGMENT.exec(text); match; match = SEGMENT.exec(text)) {
    const segment = parseSegment(match[1], match[2]);
    if (!segment) break;
    path.push(segment);
    end = SEGMENT.lastIndex;
  }
  if (end !== text.length) throw new Error(`the JSONPath "${text}" can't be read at "${text.slice(end)}"`);
  return path;
}

/** What the path selects. Of several members it makes an object, of several elements an array. */
export function select(value: unknown, path: JsonPath): unknown {
  const [segment, ...rest] = path;
  if (!segment) return value;
  switch (segment.kind) {
    case "all":
      return values(value).map((element) => select(element, rest));
    case "names":
      return selectNames(value, segment.names, rest);
    case "positions":
      return selectPositions(value, segment.positions, rest);
  }
}

/** Whether the path takes everything as it is. */
export function takesAll(path: JsonPath): boolean {
  return isDeepStrictEqual(path, []);
}

function parseSegment(bracket: string | undefined, name: string | undefined): Segment | undefined {
  if (name !== undefined) return { kind: "names", names: [name] };
  if (bracket === undefined || bracket.trim() === "*") return { kind: "all" };
  const parts = bracket.split(/,(?=(?:[^'"]*['"][^'"]*['"])*[^'"]*$)/);
  const names = parts.map((part) => NAME.exec(part));
  if (names.every((match) => match !== null)) {
    return { kind: "names", names: names.map((match) => match[1] ?? match[2] ?? "") };
  }
  const positions = parts.map((part) => POSITION.exec(part));
  if (!positions.every((match) => match !== null)) return undefined;
  return {
    kind: "positions",
    positions: positions.map(([, index, start, stop]) =>
      index === undefined
        ? {
            ...(start === undefined ? {} : { start: Number(start) }),
            ...(stop === undefined ? {} : { end: Number(stop) }),
          }
        : Number(index),
    ),
  };
}

function values(value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) throw new Error("* selects from objects and arrays only");
  return Object.values(value);
}

function selectNames(value: unknown, names: readonly string[], rest: JsonPath): unknown {
  const child = (name: string): unknown => {
    if (typeof value !== "object" || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) {
      throw new Error(`there is no member ${name}`);
    }
    return select((value as Record<string, unknown>)[name], rest);
  };
  const [first = "", ...others] = names;
  return others.length === 0 ? child(first) : Object.fromEntries(names.map((name) => [name, child(name)]));
}

function selectPositions(value: unknown, positions: readonly Position[], rest: JsonPath): unknown {
  if (!Array.isArray(value)) throw new Error("positions select from arrays only");
  const elements: unknown[] = value;
  const at = (index: number): unknown => {
    const position = index < 0 ? elements.length + index : index;
    if (position < 0 || position >= elements.length) {
      throw new Error(`the index ${index} is outside of the ${elements.length} elements`);
    }
    return elements[position];
  };
  const [first] = positions;
  if (positions.length === 1 && typeof first === "number") return select(at(first), rest);
  const chosen = positions.flatMap((position) =>
    typeof position === "number" ? [at(position)] : elements.slice(position.start, position.end),
  );
  return chosen.map((element) => select(element, rest));
}
