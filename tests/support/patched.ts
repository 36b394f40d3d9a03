/**
 * Runs with another function in the place of one of an object, such as `Deno.realPath`: what another
 * process does between two calls of the system is done in them, without luck.
 *
 * @param patch gives the other one, which may call the one that it is given
 */
export async function withPatched<Owner extends object, Key extends keyof Owner>(
  owner: Owner,
  key: Key,
  patch: (original: Owner[Key]) => unknown,
  run: () => void | Promise<void>,
): Promise<void> {
  const original = owner[key];
  Reflect.set(owner, key, patch(original));
  try {
    await run();
  } finally {
    Reflect.set(owner, key, original);
  }
}
