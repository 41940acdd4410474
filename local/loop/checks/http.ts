// A request as any client of the platform makes it.
export interface Answer {
  status: number;
  /** Decoded JSON, or the text where it is none. */
  body: unknown;
  contentType: string;
  milliseconds: number;
}

export async function request(
  method: "GET" | "POST",
  url: string,
  options: { key?: string; json?: unknown; csv?: string } = {},
): Promise<Answer> {
  const { key, csv, json } = options;
  const [type, body] = json === undefined ? ["text/csv", csv] : ["application/json", JSON.stringify(json)];
  const from = performance.now();
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { "content-type": type }),
      ...(key === undefined ? {} : { "x-api-key": key }),
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  const milliseconds = performance.now() - from;
  const contentType = response.headers.get("content-type") ?? "";
  return {
    status: response.status,
    body: contentType.includes("json") ? (JSON.parse(text) as unknown) : text,
    contentType,
    milliseconds,
  };
}
