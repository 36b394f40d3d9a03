import { type Listed, Roster } from "../../lib/net/roster.ts";
import { assertEquals } from "@std/assert";
import { randomInteger, seededRandom } from "../support/random.ts";

class Guest implements Listed {
  place = 0;

  constructor(readonly name: number) {}
}

function names(roster: Roster<Guest>): number[] {
  return [...roster].map(({ name }) => name).sort((a, b) => a - b);
}

Deno.test("Roster knows who is there, as a Set does", () => {
  const random = seededRandom(5);
  const roster = new Roster<Guest>();
  const expected = new Map<number, Guest>();
  for (let i = 0; i < 3000; i++) {
    const guest = new Guest(i);
    roster.add(guest);
    expected.set(i, guest);
    // As many come as go, and some are asked to go who have gone.
    const leaving = expected.get(randomInteger(random, i + 1));
    if (leaving === undefined) continue;
    roster.delete(leaving);
    roster.delete(leaving);
    expected.delete(leaving.name);
    assertEquals(roster.size, expected.size);
  }
  assertEquals(names(roster), [...expected.keys()]);
});

Deno.test("Roster.delete() leaves others alone when asked for one that never came", () => {
  const roster = new Roster<Guest>();
  roster.add(new Guest(1));
  roster.delete(new Guest(2));
  assertEquals(names(roster), [1]);
});

Deno.test("Roster lets its members go while it is looked through", () => {
  const roster = new Roster<Guest>();
  const guests = Array.from({ length: 10 }, (_, i) => new Guest(i));
  for (const guest of guests) roster.add(guest);
  const seen = new Set<number>();
  for (const guest of roster) {
    seen.add(guest.name);
    roster.delete(guest);
    if (guest.name === 9) roster.delete(guests[0]!);
    if (guest.name === 5) roster.add(new Guest(10));
  }
  assertEquals([...seen].sort((a, b) => a - b), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assertEquals(names(roster), [10]);
});
