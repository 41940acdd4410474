import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { cachedJson, sitePackages } from "./installed";

/** What a service's model says of one shape, without its documentation and wire details. */
export interface Shape {
  type:
    | "structure"
    | "list"
    | "map"
    | "string"
    | "integer"
    | "long"
    | "float"
    | "double"
    | "boolean"
    | "timestamp"
    | "blob";
  /** Member name → shape name. */
  members?: Record<string, string>;
  required?: string[];
  /** Exactly one member is set. */
  union?: boolean;
  /** Any JSON value. */
  document?: boolean;
  /** Shape of a list's elements. */
  member?: string;
  /** Shapes of a map's keys and values. */
  key?: string;
  value?: string;
  enum?: string[];
  pattern?: string;
  min?: number;
  max?: number;
  /** Values must not be shown in messages. */
  sensitive?: boolean;
  /** Of an exception: its name in the query protocol, and its HTTP status. */
  error?: { code?: string; httpStatusCode?: number };
}

export interface Operation {
  input?: string;
  output?: string;
  /** Shape names of the errors the operation declares. */
  errors: string[];
}

export interface ServiceModel {
  service: string;
  protocol: string;
  /** Prefix of the `X-Amz-Target` header, for services that speak AWS JSON. */
  targetPrefix?: string;
  /** The service's name in signatures. */
  signingName: string;
  /** Of answers in the query protocol. */
  xmlNamespace?: string;
  operations: Record<string, Operation>;
  shapes: Record<string, Shape>;
}

/** Raise when the trimmed form changes, so that older caches are not read. */
const CACHE_FORMAT = 2;
const models = new Map<string, ServiceModel>();

/**
 * AWS's published model of a service, from botocore's data directory.
 *
 * The directory is `BOTOCORE_DATA`, else botocore in the project's virtual environment. A trimmed copy is kept in
 * `AWS_MODELS_CACHE` (else `.local/models`), because unpacking a large service takes a second.
 *
 * @param service botocore's name of the service, such as `sagemaker` or `logs`
 * @throws when botocore or the service is not found; the message names the directory searched
 */
export function loadModel(service: string): ServiceModel {
  const known = models.get(service);
  if (known) return known;
  const model = readCached(service, modelFile(service));
  models.set(service, model);
  return model;
}

/** Directory of botocore's models. @throws when there is none */
export function botocoreData(): string {
  return sitePackages("BOTOCORE_DATA", "botocore", "botocore", "data");
}

function modelFile(service: string): string {
  const directory = join(botocoreData(), service);
  const dates = existsSync(directory) ? readdirSync(directory).sort() : [];
  const file = dates
    .map((date) => join(directory, date, "service-2.json.gz"))
    .filter((path) => existsSync(path))
    .at(-1);
  if (!file) throw new Error(`there is no model of the service "${service}" in ${directory}`);
  return file;
}

function readCached(service: string, source: string): ServiceModel {
  const { size, mtimeMs } = statSync(source);
  return cachedJson(`${service}-${CACHE_FORMAT}-${size}-${Math.round(mtimeMs)}`, () =>
    trim(service, JSON.parse(gunzipSync(readFileSync(source)).toString("utf8")) as RawModel),
  );
}

interface Reference {
  shape: string;
}

interface RawShape extends Omit<Shape, "members" | "member" | "key" | "value"> {
  members?: Record<string, Reference>;
  member?: Reference;
  key?: Reference;
  value?: Reference;
}

interface RawModel {
  metadata: {
    protocol: string;
    targetPrefix?: string;
    signingName?: string;
    endpointPrefix: string;
    xmlNamespace?: string;
  };
  operations: Record<string, { input?: Reference; output?: Reference; errors?: Reference[] }>;
  shapes: Record<string, RawShape>;
}

function trim(service: string, raw: RawModel): ServiceModel {
  return {
    service,
    protocol: raw.metadata.protocol,
    ...(raw.metadata.targetPrefix === undefined ? {} : { targetPrefix: raw.metadata.targetPrefix }),
    signingName: raw.metadata.signingName ?? raw.metadata.endpointPrefix,
    ...(raw.metadata.xmlNamespace === undefined ? {} : { xmlNamespace: raw.metadata.xmlNamespace }),
    operations: mapValues(raw.operations, ({ input, output, errors }) => ({
      ...(input ? { input: input.shape } : {}),
      ...(output ? { output: output.shape } : {}),
      errors: (errors ?? []).map((error) => error.shape),
    })),
    shapes: mapValues(raw.shapes, trimShape),
  };
}

function trimShape(raw: RawShape): Shape {
  const kept = [
    "type",
    "required",
    "union",
    "document",
    "enum",
    "pattern",
    "min",
    "max",
    "sensitive",
    "error",
  ] as const;
  const plain = Object.fromEntries(kept.filter((key) => raw[key] !== undefined).map((key) => [key, raw[key]]));
  return {
    ...(plain as Pick<Shape, (typeof kept)[number]>),
    ...(raw.members ? { members: mapValues(raw.members, (member) => member.shape) } : {}),
    ...(raw.member ? { member: raw.member.shape } : {}),
    ...(raw.key ? { key: raw.key.shape } : {}),
    ...(raw.value ? { value: raw.value.shape } : {}),
  };
}

function mapValues<From, To>(record: Record<string, From>, change: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

/** @throws when the model refers to a shape that it does not define */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (!shape) throw new Error(`the model of ${model.service} has no shape ${name}`);
  return shape;
}

/** Whether AWS's model of the service has the operation. */
export function hasOperation(service: string, operation: string): boolean {
  return Object.hasOwn(loadModel(service).operations, operation);
}

/** @throws when the service has no such operation */
export function operationOf(model: ServiceModel, name: string): Operation {
  const operation = model.operations[name];
  if (!operation) throw new Error(`${model.service} has no operation ${name}`);
  return operation;
}
