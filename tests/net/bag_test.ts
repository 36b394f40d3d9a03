import { Bag, type Indexed } from "../../lib/net/collections.ts";
import { assertEquals } from "@std/assert";
import { randomInteger, seededRandom } from "../support/random.ts";

class Guest implements Indexed {
  index = 0;

  constructor(readonly name: number) {}
}

function names(bag: Bag<Guest>): number[] {
  return [...bag].map(({ name }) => name).sort((a, b) => a - b);
}

Deno.test("Bag knows who is there, as a Set does", () => {
  const random = seededRandom(5);
  const bag = new Bag<Guest>();
  const expected = new Map<number, Guest>();
  for (let i = 0; i < 3000; i++) {
    const guest = new Guest(i);
    bag.add(guest);
    expected.set(i, guest);
    // As many come as go, and some are asked to go that have gone.
    const leaving = expected.get(randomInteger(random, i + 1));
    if (leaving === undefined) continue;
    bag.delete(leaving);
    bag.delete(leaving);
    expected.delete(leaving.name);
    assertEquals(bag.size, expected.size);
  }
  assertEquals(names(bag), [...expected.keys()]);
});

Deno.test("Bag.delete() leaves others alone when asked for one that never came", () => {
  const bag = new Bag<Guest>();
  bag.add(new Guest(1));
  bag.delete(new Guest(2));
  assertEquals(names(bag), [1]);
});

Deno.test("Bag lets its members go while it is looked through", () => {
  const bag = new Bag<Guest>();
  const guests = Array.from({ length: 10 }, (_, i) => new Guest(i));
  for (const guest of guests) bag.add(guest);
  const seen = new Set<number>();
  for (const guest of bag) {
    seen.add(guest.name);
    bag.delete(guest);
    if (guest.name === 9) bag.delete(guests[0]!);
    if (guest.name === 5) bag.add(new Guest(10));
  }
  assertEquals([...seen].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(names(bag), [10]);
});
