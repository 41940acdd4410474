// `npm run docs:environments`: writes the table of environments in docs/environments.md again.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../local/tools";
import { environmentsMarkdown, withEnvironments } from "./environments-table";

const document = join(projectRoot, "docs/environments.md");
writeFileSync(document, withEnvironments(readFileSync(document, "utf8"), environmentsMarkdown(projectRoot)));
