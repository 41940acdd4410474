/** A number as JSON writes it; other ways to write one, which CSV allows, begin or end with a sign or point. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;
/** Where a number begins with `+`, `.` or a needless 0, or has nothing after its point. */
const OTHER_NUMBER = /[[,](?:\+|-?(?:0\d|\.))|\.(?!\d)/;

/**
 * The request's body `{"instances":[{"features":[…]},…]}`, which AWS's monitors read as well as the model.
 *
 * @param lines rows of decimal numbers without blanks, as CSV; each number keeps its text unless JSON has another for it
 */
export function instancesBody(lines: readonly string[]): string {
  const body = bodyOf(lines);
  return OTHER_NUMBER.test(body) ? bodyOf(lines.map(inJson)) : body;
}

const bodyOf = (lines: readonly string[]): string => `{"instances":[{"features":[${lines.join(']},{"features":[')}]}]}`;

const inJson = (line: string): string =>
  line
    .split(",")
    .map((cell) => (JSON_NUMBER.test(cell) ? cell : String(Number(cell))))
    .join(",");
