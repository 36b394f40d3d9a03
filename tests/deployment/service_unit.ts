/** The value of a setting of a systemd unit, lines that go on joined; undefined when it has none. */
export function settingOf(unit: string, name: string): string | undefined {
  const lines = unit.replaceAll(/\s*\\\n\s*/g, " ").split("\n");
  return lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}
