import { assertEquals, assertThrows } from "@std/assert";
import { CommandError } from "../../lib/cli/command.ts";
import { InTurn } from "../../lib/process/in_turn.ts";
import { eventually } from "../support/children.ts";

const TAKEN = new CommandError("it is taken", 1, { cause: new Deno.errors.AddrInUse() });

/** Something to open, whose attempts end as the test says. */
class Thing {
  error: Error | undefined;
  attempts = 0;
  closed = 0;
  readonly said: unknown[] = [];

  open(isShared: boolean): InTurn<{ close(): Promise<void> }> {
    const open = () => {
      this.attempts++;
      if (this.error !== undefined) throw this.error;
      return { close: () => Promise.resolve(void this.closed++) };
    };
    const onError = (error: unknown) => this.said.push(error);
    return new InTurn(open, isShared, () => this.said.push("waiting"), onError);
  }
}

Deno.test("InTurn opens at once what is free, and closes it once", async () => {
  const thing = new Thing();
  const inTurn = thing.open(true);
  await Promise.all([inTurn.close(), inTurn.close()]);
  assertEquals([thing.attempts, thing.closed, thing.said], [1, 1, []]);
});

Deno.test("InTurn throws if it must not wait, or waiting does not help", () => {
  const thing = new Thing();
  thing.error = TAKEN;
  assertThrows(() => thing.open(false), CommandError, "it is taken");
  thing.error = new CommandError("no such address", 1);
  assertThrows(() => thing.open(true), CommandError, "no such address");
  assertEquals(thing.said, []);
});

Deno.test("InTurn waits until it is free", async () => {
  const thing = new Thing();
  thing.error = TAKEN;
  const inTurn = thing.open(true);
  await eventually(() => Promise.resolve(thing.attempts > 1));
  thing.error = undefined;
  const before = thing.attempts;
  await eventually(() => Promise.resolve(thing.attempts > before));
  await inTurn.close();
  assertEquals([thing.closed, thing.said], [1, ["waiting"]]);
});

Deno.test("InTurn waits no longer once it is closed, or after another error", async () => {
  const thing = new Thing();
  thing.error = TAKEN;
  await thing.open(true).close();
  assertEquals([thing.attempts, thing.closed], [1, 0]);
  const inTurn = thing.open(true);
  thing.error = new CommandError("no such address", 1);
  await eventually(() => Promise.resolve(thing.said.length === 3));
  assertEquals(thing.said, ["waiting", "waiting", thing.error]);
  await inTurn.close();
});
