import { text } from "node:stream/consumers";
import type { Findings, Wanted } from "./finding";
import { Lifecycle, type Settings } from "./lifecycle";
import { TYPES } from "./types";

/** Reads what is wanted from a stream. @returns the findings as JSON */
export async function find(settings: Settings, input: NodeJS.ReadableStream): Promise<string> {
  const { creations, taken } = JSON.parse(await text(input)) as Wanted;
  const known = new Set(taken);
  const findings: Findings = [];
  for (const { urn, inputs, region = settings.region } of creations) {
    const found = (await new Lifecycle(TYPES, { ...settings, region }).find(urn, inputs, known)) ?? null;
    if (found) known.add(found.id);
    findings.push(found);
  }
  return JSON.stringify(findings);
}
