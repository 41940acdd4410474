// Writes docs/errors.md: `npm run docs:errors`.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot, tools } from "../local/tools";
import { errorMessages } from "./error-messages";
import { errorsDocument } from "./errors-table";

writeFileSync(join(projectRoot, "docs", "errors.md"), errorsDocument(errorMessages(tools().python)));
