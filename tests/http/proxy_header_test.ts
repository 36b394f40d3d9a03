import { assertEquals } from "@std/assert";
import { encodeLatin1 } from "../../lib/http/grammar.ts";
import { readProxyHeader } from "../../lib/http/proxy_header.ts";
import { ReceiveBuffer } from "../../lib/http/receive_buffer.ts";
import { PROXY_HEADERS } from "../cases/proxy_headers.ts";
import { arrive } from "../support/feed.ts";
import { checkRow, testRows } from "../support/rows.ts";

testRows(
  "readProxyHeader() reads the PROXY protocol",
  PROXY_HEADERS,
  (row) => checkRow(row, () => readProxyHeader),
);

testRows(
  "readProxyHeader() waits for the rest of a header that is cut anywhere",
  PROXY_HEADERS.filter(({ verdict }) => verdict === "accepted"),
  ({ raw }) => {
    const buffer = new ReceiveBuffer(16);
    for (const octet of encodeLatin1(raw).subarray(0, -1)) {
      arrive(buffer, Uint8Array.of(octet));
      assertEquals(readProxyHeader(buffer), undefined);
    }
  },
);
