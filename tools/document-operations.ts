// `npm run docs:operations`: writes the tables of operations in local/README.md again.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../local/tools";
import { operationsHere, operationsMarkdown, withOperations } from "./operations-table";

async function main(): Promise<void> {
  const readme = join(projectRoot, "local/README.md");
  const services = await operationsHere();
  writeFileSync(readme, withOperations(readFileSync(readme, "utf8"), operationsMarkdown(services)));
  for (const { title, works, missing } of services)
    console.log(`${title}: ${works.length} work, ${missing.length} missing`);
}

void main();
