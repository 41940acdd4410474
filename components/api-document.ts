// The API as its document (api/openapi.json) has it: routes, and what API Gateway checks before a function is called.
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import document from "../api/openapi.json";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Schema = Readonly<Record<string, Json>>;

const operationIds = t.keyof({ predict: null, health: null });
export type OperationId = t.TypeOf<typeof operationIds>;

const Operation = t.intersection([
  t.type({ operationId: operationIds, security: t.array(t.record(t.string, t.array(t.string))) }),
  t.partial({
    parameters: t.array(t.type({ name: t.string, in: t.literal("query"), required: t.boolean })),
    requestBody: t.type({ content: t.record(t.string, t.type({ schema: t.UnknownRecord })) }),
  }),
]);
const Paths = t.record(t.string, t.exact(t.partial({ get: Operation, post: Operation })));

/** A route of the API. */
export interface Route {
  operationId: OperationId;
  /** Without its slash. */
  path: string;
  method: "GET" | "POST";
  /** Whether a key is asked for, and whatever else the stack asks of callers. */
  secured: boolean;
  /** Parameters of the query, and whether they must be there. */
  query: Readonly<Record<string, boolean>>;
  /** What the body must be, where it is JSON. */
  model?: { name: string; schema: Schema };
}

const JSON_BODY = "application/json";
const REFERENCE = "#/components/schemas/";
const schemas: Readonly<Record<string, Schema>> = document.components.schemas;

/**
 * A schema as a model of API Gateway (JSON Schema draft 4). Of a list's elements it holds the type alone: API Gateway
 * says of a body that it is wrong, the function behind it says of every element what is.
 */
export function gatewaySchema(schema: Schema): Schema {
  const { $schema, ...outline } = { $schema: "http://json-schema.org/draft-04/schema#", ...schema };
  const { properties = {} } = outline as { properties?: Readonly<Record<string, Schema>> };
  const shallow = Object.entries(properties).map(([name, property]) => {
    const { items, ...rest } = resolved(property);
    return [
      name,
      items === undefined ? rest : { ...rest, items: { type: resolved(items as Schema).type ?? "object" } },
    ];
  });
  return { $schema, ...outline, properties: Object.fromEntries(shallow) as Schema };
}

function resolved(schema: Schema): Schema {
  const reference = schema["$ref"];
  if (typeof reference !== "string") return schema;
  const target = schemas[reference.slice(REFERENCE.length)];
  if (target === undefined) throw new Error(`api/openapi.json refers to ${reference}, which it does not hold`);
  return target;
}

function modelOf(schema: Schema): Route["model"] {
  const reference = schema["$ref"];
  if (typeof reference !== "string") throw new Error("api/openapi.json: the schema of a JSON body must be a reference");
  return { name: reference.slice(REFERENCE.length), schema: gatewaySchema(resolved(schema)) };
}

/** The document's routes. @throws Error where the document holds what no component makes a route of. */
export function routes(): Route[] {
  const paths = Paths.decode(document.paths);
  if (isLeft(paths)) {
    const [first] = paths.left;
    const where = first?.context.map(({ key }) => key).join(".");
    throw new Error(`api/openapi.json: paths${where} is ${JSON.stringify(first?.value)}, which cannot be made a route`);
  }
  return Object.entries(paths.right).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId, security, parameters = [], requestBody }]): Route => {
      const body = requestBody?.content[JSON_BODY]?.schema as Schema | undefined;
      return {
        operationId,
        path: path.slice(1),
        method: method.toUpperCase() as Route["method"],
        secured: security.length > 0,
        query: Object.fromEntries(parameters.map(({ name, required }) => [name, required])),
        ...(body === undefined ? {} : { model: modelOf(body) }),
      };
    }),
  );
}
