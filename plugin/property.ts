/** The package, and the namespace of its types. */
export const PACKAGE = "fraud-platform";

/** A property in Pulumi's schema, as far as this package's go. */
export interface Property {
  type?: "string" | "number" | "integer" | "boolean" | "array" | "object";
  $ref?: string;
  items?: Property;
  additionalProperties?: Property;
  description?: string;
  plain?: boolean;
  secret?: boolean;
}
