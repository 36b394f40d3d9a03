import { assertEquals } from "@std/assert";
import { ifRanges } from "../../cases/if_ranges.ts";
import { preconditions } from "../../cases/preconditions.ts";
import { RANGE_SETS } from "../../cases/range_sets.ts";
import { RANGES } from "../../cases/ranges.ts";
import type { Answer } from "./answer.ts";
import { compare, type Compared } from "./comparison.ts";

/** Only the number of rows and what they expect matter here. */
const FILE = {
  entityTag: '"a"',
  lastModified: "Sun, 06 Nov 1994 08:49:37 GMT",
  before: "Sun, 06 Nov 1994 08:49:36 GMT",
  after: "Sun, 06 Nov 1994 08:49:38 GMT",
};

Deno.test("server and nginx answer as the tables of the tests say", async () => {
  const all = await compare(["ours", "nginx"]);
  const ranges = [...RANGES, ...RANGE_SETS].map(({ story, answer, nginx = answer }) => ({
    ...{ story, ours: answer, nginx },
  }));
  assertEquals(answered(all, "ranges", rangesIn), ranges);
  const conditions = preconditions(FILE).map(({ story, status, nginx = status }) => ({
    ...{ story, ours: `${status}`, nginx: `${nginx}` },
  }));
  assertEquals(answered(all, "preconditions", statusIn), conditions);
  const ifRangeRows = ifRanges(FILE).map(({ story, applies }) => {
    const status = applies ? "206" : "200";
    return { story, ours: status, nginx: status };
  });
  assertEquals(answered(all, "If-Range", statusIn), ifRangeRows);
});

function answered(all: readonly Compared[], group: string, inWords: (answer: Answer) => string) {
  return all.filter(({ request }) => request.group === group).map(({ request, answers }) => ({
    story: request.story,
    ours: inWords(answers.get("ours")!),
    nginx: inWords(answers.get("nginx")!),
  }));
}

function statusIn(answer: Answer): string {
  return answer.get("status")!;
}

/** In the words of the table of ranges. */
function rangesIn(answer: Answer): string {
  const status = statusIn(answer);
  if (status === "200") return "whole";
  if (status === "416") return "unsatisfiable";
  return answer.get("content")!.replace(/^parts |: \w+$/g, "");
}
