// The least that a program on Deno can do for a user: what the client's start-up is compared with.

Deno.stdout.writeSync(new TextEncoder().encode("done\n"));
