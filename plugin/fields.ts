// What a component of the package takes from a program in another language: a codec for here, a property for the schema.
import type * as pulumi from "@pulumi/pulumi";
import * as t from "io-ts";
import { integer, optional } from "../config/codec";
import { PACKAGE, type Property } from "./property";

export interface Field<A> {
  codec: t.Type<A>;
  property: Property;
  required: boolean;
}
export type Fields = Readonly<Record<string, { codec: t.Mixed; property: Property; required: boolean }>>;
export type ArgsOf<F extends Fields> = { [K in keyof F]: t.TypeOf<F[K]["codec"]> };

export const word = (description: string): Field<string> => ({
  codec: t.string,
  property: { type: "string", plain: true, description },
  required: true,
});

export const words = (description: string): Field<string[]> => ({
  codec: t.array(t.string),
  property: { type: "array", items: { type: "string" }, plain: true, description },
  required: true,
});

export const texts = (description: string): Field<Record<string, string>> => ({
  codec: t.record(t.string, t.string),
  property: { type: "object", additionalProperties: { type: "string" }, plain: true, description },
  required: true,
});

export const whole = (description: string): Field<number> => ({
  codec: integer(0, Number.MAX_SAFE_INTEGER),
  property: { type: "integer", plain: true, description },
  required: true,
});

export const yesNo = (description: string): Field<boolean> => ({
  codec: t.boolean,
  property: { type: "boolean", plain: true, description },
  required: true,
});

/** Settings with keys of their own, which their codec knows. */
export const settingsOf = <A>(codec: t.Type<A>, description: string): Field<A> => ({
  codec,
  property: { type: "object", additionalProperties: { $ref: "pulumi.json#/Any" }, plain: true, description },
  required: true,
});

/** A group of the configuration, by its own codec: with its defaults, its rules and its remedies. */
export const group = <A>(name: string, codec: t.Type<A>): Field<A> =>
  settingsOf(codec, `The group \`${name}\` of the configuration: keys as docs/architecture.md has them.`);

/** The same where it may be left out. */
export function maybe<A>(field: Field<A>): Field<A | undefined> {
  return { ...field, codec: optional(field.codec), required: false };
}

/** A group that is left out has its defaults. */
export function defaulted<A>(field: Field<A>): Field<A> {
  return { ...field, required: false };
}

/** Another component of this package, which was made before. */
export function component<A extends pulumi.Resource>(
  kind: string,
  Kind: abstract new (...args: never[]) => A,
  description: string,
): Field<A> {
  const is = (value: unknown): value is A => value instanceof Kind;
  return {
    codec: new t.Type<A>(
      kind,
      is,
      (value, context) =>
        is(value) ? t.success(value) : t.failure(value, context, `is not a ${kind} that this program made`),
      t.identity,
    ),
    property: { $ref: `#/resources/${PACKAGE}:index:${kind}`, description },
    required: true,
  };
}
