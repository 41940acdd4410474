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
  options: { key?: string; json?: unknown } = {},
): Promise<Answer> {
  const from = performance.now();
  const response = await fetch(url, {
    method,
    headers: {
      ...(options.json === undefined ? {} : { "content-type": "application/json" }),
      ...(options.key === undefined ? {} : { "x-api-key": options.key }),
    },
    ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
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
