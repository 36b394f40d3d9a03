import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { FileSizes } from "../../../lib/balancing/policies/file_sizes.ts";

const MIDDLE = 2;

Deno.test("FileSizes.mean follows the files of known size", () => {
  const sizes = new FileSizes();
  assertEquals(sizes.isKnown, false);
  for (const bytes of [100, 200, 300]) sizes.add(bytes);
  assertEquals(sizes.isKnown, true);
  assertAlmostEquals(sizes.mean, 200);
  for (let i = 0; i < 1000; i++) sizes.add(1000);
  assertAlmostEquals(sizes.mean, 1000, 1);
});

Deno.test("FileSizes.mean learns nothing where there is no size, or nothing to send", () => {
  const sizes = new FileSizes();
  sizes.add(100);
  for (const bytes of [0, undefined, NaN, Infinity, -1]) sizes.add(bytes);
  assertEquals(sizes.mean, 100);
});

Deno.test("FileSizes.classOf() is that of the nearest size, and one of them for any", () => {
  const sizes = new FileSizes();
  const classes = sizes.classes();
  assertEquals(classes.map((bytes) => sizes.classOf(bytes)), [0, 1, 2, 3, 4]);
  const around = [0, 1, 1e18, undefined].map((bytes) => sizes.classOf(bytes));
  assertEquals(around, [0, 0, classes.length - 1, MIDDLE]);
});

Deno.test("FileSizes.guess() is the mean on the mean, and often less", () => {
  const sizes = new FileSizes();
  sizes.add(1000);
  const guesses = Array.from({ length: 10_000 }, () => sizes.guess());
  const mean = guesses.reduce((sum, it) => sum + it, 0) / guesses.length;
  assertAlmostEquals(mean, 1000, 10);
  const smaller = guesses.filter((it) => it < 1000).length;
  assert(smaller > 6000 && smaller < 6500, `${smaller}`);
});
