import type { AccessRecord } from "../../lib/net/access_record.ts";

/** One event, for tests of how it is written. */
export const EVENT: AccessRecord = {
  epochMs: Date.UTC(2026, 10, 22, 8, 22, 53, 999),
  client: "127.0.0.1",
  requestLine: "GET / HTTP/1.1",
  fields: undefined,
  statusCode: 200,
  contentBytes: 1234,
  elapsedMs: 1.23456,
  annotation: undefined,
};

/** Its line in the Common Log Format. */
export const LINE = '127.0.0.1 - - [22/Nov/2026:08:22:53 +0000] "GET / HTTP/1.1" 200 1234';
