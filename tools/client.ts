// `npm run build:client`: writes the types of the API's client again, from the API's document.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";
import { format, resolveConfig } from "prettier";
import { projectRoot } from "../local/tools";

/** The generated file, from the project's folder. */
export const CLIENT_SCHEMA = "clients/typescript/schema.ts";

/** TypeScript's types of all that the document describes. */
export async function clientSchema(): Promise<string> {
  const document = readFileSync(join(projectRoot, "api/openapi.json"), "utf8");
  const types = astToString(await openapiTS(document, { alphabetize: false }));
  const header =
    "// Generated from api/openapi.json by `npm run build:client`: change the document, not this file.\n\n";
  const options = await resolveConfig(join(projectRoot, CLIENT_SCHEMA));
  return format(header + types, { ...options, parser: "typescript" });
}

if (require.main === module) {
  void clientSchema().then((text) => writeFileSync(join(projectRoot, CLIENT_SCHEMA), text));
}
