// What the component provider offers, as Pulumi generates other languages' packages from it.
import { isLeft } from "fp-ts/Either";
import * as t from "io-ts";
import { outputProps } from "../components/outputs";
import { decodeStackConfig, groupNames } from "../config";
import { OFFERED, type Offered } from "./components";
import { PACKAGE, type Property } from "./property";

export const FRAUD_PLATFORM = `${PACKAGE}:index:FraudPlatform`;

interface ObjectType {
  type: "object";
  properties: Record<string, Property>;
  required: string[];
}

/** Groups that a configuration cannot do without. */
function requiredGroups(): string[] {
  const nothing = decodeStackConfig({});
  const missing = isLeft(nothing) ? nothing.left.map(({ path }) => path.split(".")[0] ?? "") : [];
  return [...new Set(missing)].sort();
}

/** A codec as a property; objects become types of their own, named after the property. */
function propertyOf(name: string, codec: t.Mixed, types: Record<string, ObjectType>): Property {
  if (codec instanceof t.StringType) return { type: "string" };
  if (codec instanceof t.LiteralType) return { type: typeof codec.value === "number" ? "number" : "string" };
  if (codec instanceof t.ArrayType) return { type: "array", items: propertyOf(name, codec.type as t.Mixed, types) };
  if (codec instanceof t.InterfaceType) {
    const token = `${PACKAGE}:index:${name.charAt(0).toUpperCase()}${name.slice(1)}Outputs`;
    const props = codec.props as t.Props;
    types[token] = {
      type: "object",
      properties: Object.fromEntries(Object.entries(props).map(([key, one]) => [key, propertyOf(key, one, types)])),
      required: Object.keys(props),
    };
    return { $ref: `#/types/${token}` };
  }
  throw new Error(`output ${name} is of a type that Pulumi's schema has no counterpart of here: ${codec.name}`);
}

function resourceOf({ description, fields, told }: Offered): object {
  const entries = Object.entries(fields);
  return {
    isComponent: true,
    description,
    inputProperties: Object.fromEntries(entries.map(([name, { property }]) => [name, property])),
    requiredInputs: entries.flatMap(([name, { required }]) => (required ? [name] : [])).sort(),
    properties: Object.fromEntries(
      Object.entries(told).map(([name, about]): [string, Property] => [name, { type: "string", ...about }]),
    ),
    required: Object.keys(told),
  };
}

/** @param version of the package */
export function packageSchema(version: string): object {
  const types: Record<string, ObjectType> = {};
  const { always, sometimes } = outputProps;
  const properties: Record<string, Property> = {
    ...Object.fromEntries(
      Object.entries({ ...always, ...sometimes }).map(([name, codec]) => [name, propertyOf(name, codec, types)]),
    ),
    apiKey: { type: "string", secret: true, description: "Header x-api-key of the API's POST /predict." },
  };
  const group = (name: string): Property => ({
    type: "object",
    additionalProperties: { $ref: "pulumi.json#/Any" },
    plain: true,
    description: `The group \`${name}\` of the configuration: keys as docs/architecture.md has them.`,
  });
  return {
    name: PACKAGE,
    version,
    description: "A credit-card-fraud ML platform on AWS",
    license: "Apache-2.0",
    language: {
      python: { respectSchemaVersion: true, pyproject: { enabled: true } },
      nodejs: { respectSchemaVersion: true },
    },
    types,
    resources: {
      [FRAUD_PLATFORM]: {
        isComponent: true,
        description:
          "The whole platform: training pipeline, endpoint, monitors, API, stream scorer and, with `ci`, the delivery " +
          "pipeline. All that is in it is named after it.",
        inputProperties: Object.fromEntries(groupNames.map((name) => [name, group(name)])),
        requiredInputs: requiredGroups(),
        properties,
        required: [...Object.keys(always), "apiKey"],
      },
      ...Object.fromEntries(
        Object.entries(OFFERED).map(([kind, each]) => [`${PACKAGE}:index:${kind}`, resourceOf(each)]),
      ),
    },
  };
}
