import { parseJsonPath, select, takesAll, type JsonPath } from "./json-path";

/** How a transform job cuts its objects into requests, and makes objects of the answers. */
export interface TransformFormat {
  splitType: "None" | "Line";
  batchStrategy: "SingleRecord" | "MultiRecord";
  /** 0 for no limit. */
  maxPayloadBytes: number;
  assembleWith: "None" | "Line";
  /** Undefined when answers are stored as they are. */
  association?: Association;
}

/** What is sent of a record, and what is stored of it and its answer. */
export interface Association {
  format: "csv" | "json";
  inputFilter: JsonPath;
  outputFilter: JsonPath;
  join: boolean;
}

/** A request to the model, and the records in it as they were before they were filtered. */
export interface Batch {
  payload: Buffer;
  records: Buffer[];
}

const NEWLINE = Buffer.from("\n");

/** @throws Error when a path can't be read, or the content type has no fields to select */
export function association(
  contentType: string | undefined,
  { InputFilter = "$", OutputFilter = "$", JoinSource = "None" },
): Association | undefined {
  const inputFilter = parseJsonPath(InputFilter);
  const outputFilter = parseJsonPath(OutputFilter);
  const join = JoinSource === "Input";
  if (takesAll(inputFilter) && takesAll(outputFilter) && !join) return undefined;
  const type = contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "text/csv") return { format: "csv", inputFilter, outputFilter, join };
  if (type === "application/json" || type === "application/jsonlines") {
    return { format: "json", inputFilter, outputFilter, join };
  }
  throw new Error(`DataProcessing is for text/csv, application/json and application/jsonlines, not for ${type}`);
}

/** @throws Error for a record that is larger than a payload may be, or from which nothing can be selected */
export function batchesOf(object: Buffer, format: TransformFormat): Batch[] {
  const records = format.splitType === "Line" ? linesOf(object) : [object];
  const batches: Batch[] = [];
  let parts: Buffer[] = [];
  let open: Buffer[] = [];
  let bytes = 0;
  const close = (): void => {
    if (open.length > 0) batches.push({ payload: joined(parts), records: open });
    [parts, open, bytes] = [[], [], 0];
  };
  for (const record of records) {
    const part = format.association ? filtered(record, format) : record;
    const limit = format.maxPayloadBytes || Infinity;
    if (part.length > limit) {
      throw new Error(`a record of ${part.length} bytes is larger than MaxPayloadInMB allows (${limit} bytes)`);
    }
    const separate = format.splitType === "None" || format.batchStrategy === "SingleRecord";
    if (separate || bytes + part.length + 1 > limit) close();
    parts.push(part);
    open.push(record);
    bytes += part.length + 1;
  }
  close();
  return batches;
}

/** What is stored of a batch's answer. @throws Error when answers and records can't be put together */
export function storedOf(batch: Batch, answer: Buffer, format: TransformFormat): Buffer {
  if (!format.association) return format.assembleWith === "Line" ? withNewline(answer) : answer;
  const { format: kind, join, outputFilter } = format.association;
  const whole = kind === "json" && batch.records.length === 1;
  const answers = whole ? [answer] : linesOf(answer);
  const records = format.splitType === "None" && kind === "csv" ? batch.records.flatMap(linesOf) : batch.records;
  if (join && answers.length !== records.length) {
    throw new Error(`the model gave ${answers.length} answers to ${records.length} records: they can't be joined`);
  }
  const lines = answers.map((one, index) => {
    const output = read(one, kind);
    const record = records[index];
    const both = join && record ? joinedWith(read(record, kind), output, kind) : output;
    return write(select(both, outputFilter), kind);
  });
  const stored = Buffer.from(lines.join("\n"));
  return format.assembleWith === "Line" ? withNewline(stored) : stored;
}

function filtered(record: Buffer, { association: given, splitType }: TransformFormat): Buffer {
  if (!given || takesAll(given.inputFilter)) return record;
  const { format, inputFilter } = given;
  const each = splitType === "None" && format === "csv" ? linesOf(record) : [record];
  return Buffer.from(each.map((line) => write(select(read(line, format), inputFilter), format)).join("\n"));
}

/** CSV is an array of cells, each as it is written; JSON is what it says. */
function read(record: Buffer, format: Association["format"]): unknown {
  const text = record.toString("utf8").replace(/\r?\n$/, "");
  return format === "json" ? (JSON.parse(text) as unknown) : cellsOf(text);
}

function write(value: unknown, format: Association["format"]): string {
  if (format === "json") return JSON.stringify(value);
  const cells: unknown[] = Array.isArray(value) ? value : [value];
  return cells.map(String).join(",");
}

function joinedWith(input: unknown, output: unknown, format: Association["format"]): unknown {
  if (format === "csv") return [input, output].flat();
  const object = typeof input === "object" && input !== null && !Array.isArray(input);
  return object ? { ...input, SageMakerOutput: output } : { SageMakerInput: input, SageMakerOutput: output };
}

function cellsOf(line: string): string[] {
  return line.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^,]*)(?=,|$)/g) ?? [];
}

/** The lines of a text without their ends; what is empty is none. */
function linesOf(text: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let start = 0; start < text.length;) {
    const found = text.indexOf(NEWLINE, start);
    const end = found < 0 ? text.length : found;
    const line = text.subarray(start, text[end - 1] === 13 && end > start ? end - 1 : end);
    if (line.length > 0) lines.push(line);
    start = end + 1;
  }
  return lines;
}

function joined(parts: readonly Buffer[]): Buffer {
  if (parts.length === 1) return parts[0] ?? Buffer.alloc(0);
  return Buffer.concat(parts.flatMap((part) => [part, NEWLINE]));
}

function withNewline(text: Buffer): Buffer {
  return text.at(-1) === 10 ? text : Buffer.concat([text, NEWLINE]);
}
