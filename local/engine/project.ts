import type { ProjectSettings } from "@pulumi/pulumi/automation";

interface Plugin {
  name: string;
  path: string;
}

/** Settings of a project as the engine reads them; the Automation API's type lacks the plugins. */
export interface Project extends ProjectSettings {
  plugins: { providers: Plugin[]; analyzers?: Plugin[] };
}
