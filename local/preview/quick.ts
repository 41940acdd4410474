// Imported before everything else: what is compiled once loads in half the time, and a stack that nobody reads need not
// be looked up in source maps, which Pulumi does for every resource (those that are read are, in `compiled.ts`).
import { enableCompileCache } from "node:module";
import { join } from "node:path";

enableCompileCache(join(__dirname, "..", "..", ".local", "preview", "compiled"));
process.setSourceMapsEnabled(false);
