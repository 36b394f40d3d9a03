import { RawClient } from "./raw_client.ts";

/** How many of so many requests on one connection a balancer redirects to each server. */
export async function countRedirects(port: number, count: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  using client = await RawClient.connect(port);
  await client.send("GET /file HTTP/1.1\r\nHost: test\r\n\r\n".repeat(count));
  for (let i = 0; i < count; i++) {
    const location = (await client.response()).fields.get("location") ?? "";
    const [, authority = `nowhere: "${location}"`] = /^http:\/\/(.+)\/file$/.exec(location) ?? [];
    counts.set(authority, (counts.get(authority) ?? 0) + 1);
  }
  return counts;
}
