import { randomInteger } from "../support/random.ts";
import type { Script } from "./scripted_server.ts";
import { headOf, refusalOf, type Request } from "./wire.ts";

/** How a scripted balancer chooses. */
export interface RedirectingOptions {
  /** `in turn` names every server before it names one again; `by chance` owes nothing to anyone. */
  readonly order: "in turn" | "by chance";
  /** Whether it leaves out the servers that the client says have failed it. */
  readonly heedsAvoidance: boolean;
  /** Whether it names the other servers in Link fields (RFC 6249 §3). */
  readonly namesDuplicates: boolean;
  /** The share of requests that it fails itself. */
  readonly hiccups: number;
}

/** A balancer before servers, which may change while it runs. */
export function redirecting(
  servers: () => readonly string[],
  { order, heedsAvoidance, namesDuplicates, hiccups }: RedirectingOptions,
  random: () => number,
): Script {
  let turn = randomInteger(random, servers().length);
  return {
    answer: async ({ wire, request }) => {
      if (random() < hiccups) {
        if (random() < 0.5) return "ends";
        await wire.send(refusalOf("503 Service Unavailable"));
        return "persists";
      }
      const all = servers();
      const avoided = heedsAvoidance ? avoidedBy(request) : [];
      const others = all.filter((authority) => !avoided.includes(authority));
      const choice = others.length > 0 ? others : all;
      const picked = choice[
        order === "in turn" ? turn++ % choice.length : randomInteger(random, choice.length)
      ]!;
      const duplicates = all.filter((authority) => authority !== picked)
        .map((authority, i) =>
          `<http://${authority}${request.target}>; rel=duplicate; pri=${i + 2}`
        );
      await wire.send(headOf("301 Moved Permanently", {
        "Location": `http://${picked}${request.target}`,
        "Link": namesDuplicates && duplicates.length > 0 ? duplicates.join(", ") : undefined,
        "Cache-Control": "no-store",
        "Content-Length": 0,
      }));
      return "persists";
    },
  };
}

function avoidedBy({ fields }: Request): string[] {
  return (fields.get("avoid-server") ?? "").split(",").map((member) => member.trim());
}
