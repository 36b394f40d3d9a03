import { assertEquals } from "@std/assert";
import { readmit, type UnfitServers } from "../../lib/download/finder.ts";

const TABLE: readonly [tags: (string | undefined)[], left: number[], why: string][] = [
  [['"a"', '"b"', '"b"', '"c"'], [0, 3], "two of them share one"],
  [['"a"', '"a"', '"b"', '"b"', '"b"'], [0, 1], "more share the second"],
  [['"a"', '"b"', undefined], [], "each has its own"],
  [[undefined, undefined, '"a"'], [], "no ETag proves nothing"],
];

Deno.test("readmit() takes out the servers whose content most of them share", () => {
  for (const [tags, left, why] of TABLE) {
    const unfit: UnfitServers = new Map(tags.map((tag, i) => [String(i), tag]));
    readmit(unfit);
    assertEquals([...unfit.keys()], left.map(String), why);
  }
});
