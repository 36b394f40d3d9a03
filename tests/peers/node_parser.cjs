// Reads messages with the parser of Node's http module, strictly, and says how it understood them.
// In: one message a line, base64. Out: one JSON array a line, of what it took for requests; the last
// element is the name of its error, or null.

const { HTTPParser } = process.binding("http_parser");
const NO_LENIENCY = 0;

function requestsIn(octets) {
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {}, 64 * 1024, NO_LENIENCY);
  const requests = [];
  let current;
  let target = "";
  // Called with what could not wait, such as trailers; it may hold the beginning of a target.
  parser[HTTPParser.kOnHeaders] = (_fields, url) => {
    target += url ?? "";
  };
  parser[HTTPParser.kOnHeadersComplete] = (_major, _minor, _fields, _method, url) => {
    current = { target: url ?? target, content: "" };
    target = "";
  };
  parser[HTTPParser.kOnBody] = (piece, offset, length) => {
    const octets = offset === undefined ? piece : piece.subarray(offset, offset + length);
    current.content += octets.toString("latin1");
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    requests.push(current);
    target = "";
  };
  const result = parser.execute(octets, 0, octets.length);
  parser.close?.();
  return [...requests, result instanceof Error ? result.code ?? result.message : null];
}

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(JSON.stringify(requestsIn(Buffer.from(line, "base64"))) + "\n");
});
