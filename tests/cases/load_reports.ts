import type { LoadReport } from "../../lib/http/load_report.ts";
import type { Case } from "./case.ts";

/** Values of Endpoint-Load-Metrics. */
export interface LoadReportCase extends Case {
  /** Undefined for a value that says nothing of the load, or nothing that can be. */
  readonly report: LoadReport | undefined;
}

const SECTION = "ORCA, text format";

function says(story: string, raw: string, report: Partial<LoadReport>): LoadReportCase {
  const nothing = {
    openTransfers: null,
    pendingBytes: null,
    bytesPerSecond: null,
    utilization: null,
  };
  return { section: SECTION, story, raw, report: { ...nothing, ...report } };
}

function isNone(story: string, raw: string): LoadReportCase {
  return { section: SECTION, story, raw, report: undefined };
}

const OPEN = "named_metrics.open_transfers";
const PENDING = "named_metrics.pending_bytes";
const RATE = "named_metrics.bytes_per_second";
const BUSY = "application_utilization";
const ALL = { openTransfers: 3, pendingBytes: 4096, bytesPerSecond: 500, utilization: 0.75 };

/** Reports that servers may send, and lies that they may tell. */
export const LOAD_REPORTS: readonly LoadReportCase[] = [
  says("as ours writes it", `TEXT ${OPEN}=3, ${PENDING}=4096, ${RATE}=500, ${BUSY}=0.75`, ALL),
  says(
    "without spaces, in another order",
    `TEXT ${BUSY}=0.75,${RATE}=500,${OPEN}=3,${PENDING}=4096`,
    ALL,
  ),
  says("among metrics of ORCA", `TEXT cpu_utilization=0.3, ${OPEN}=3, eps=1, ${PENDING}=4096`, {
    ...{ openTransfers: 3, pendingBytes: 4096 },
  }),
  says("among metrics of a later version", `TEXT ${OPEN}=3, named_metrics.open_files=x;y"z`, {
    openTransfers: 3,
  }),
  says("an unknown metric twice", `TEXT a=1, a=2, ${OPEN}=3`, { openTransfers: 3 }),
  says("an unknown value with =", `TEXT a=b=c, ${OPEN}=3`, { openTransfers: 3 }),
  says("an unknown metric that cannot be", `TEXT cpu_utilization=-1, ${OPEN}=3`, {
    openTransfers: 3,
  }),
  says("transfers alone, as of nginx", `TEXT ${OPEN}=17`, { openTransfers: 17 }),
  says("bytes alone", `TEXT ${PENDING}=0`, { pendingBytes: 0 }),
  says("a rate alone", `TEXT ${RATE}=0.25`, { bytesPerSecond: 0.25 }),
  says("a utilization above 1, which ORCA allows", `TEXT ${BUSY}=1.5`, { utilization: 1.5 }),
  says("zeros", `TEXT ${OPEN}=0, ${PENDING}=0, ${RATE}=0`, {
    ...{ openTransfers: 0, pendingBytes: 0, bytesPerSecond: 0 },
  }),
  says("a whole number as a double", `TEXT ${OPEN}=3.0`, { openTransfers: 3 }),
  says("an exponent", `TEXT ${RATE}=1.5e+3, ${PENDING}=1E6`, {
    ...{ bytesPerSecond: 1500, pendingBytes: 1e6 },
  }),
  says("leading zeros", `TEXT ${OPEN}=007`, { openTransfers: 7 }),
  says("2^53 - 1", `TEXT ${PENDING}=9007199254740991`, { pendingBytes: 2 ** 53 - 1 }),
  says("more spaces and tabs", `TEXT  \t${OPEN}=3 \t,  ${PENDING}=4096 `, {
    ...{ openTransfers: 3, pendingBytes: 4096 },
  }),
  says("empty list members", `TEXT ,${OPEN}=3,, ,`, { openTransfers: 3 }),

  isNone("nothing", ""),
  isNone("no metrics", "TEXT"),
  isNone("no metrics behind the space", "TEXT "),
  isNone("only commas", "TEXT ,,"),
  isNone("only metrics of ORCA", "TEXT cpu_utilization=0.3, mem_utilization=0.8"),
  isNone("JSON", `JSON {"named_metrics":{"open_transfers":3}}`),
  isNone("binary", "BIN CgNmb28="),
  isNone("no format", `${OPEN}=3`),
  isNone("another case of the format", `text ${OPEN}=3`),
  isNone("no space behind the format", `TEXT${OPEN}=3`),
  isNone("two fields, joined", `TEXT ${OPEN}=3, TEXT ${OPEN}=3`),
  isNone("the colon of an earlier Envoy", `TEXT ${OPEN}:3`),
  isNone("names without their prefix", "TEXT open_transfers=3"),
  isNone("another case of the name", "TEXT named_metrics.Open_Transfers=3"),
  isNone("a name alone", `TEXT ${OPEN}`),
  isNone("no name", `TEXT =3`),
  isNone("no value", `TEXT ${OPEN}=`),
  isNone("spaces around =", `TEXT ${OPEN} = 3`),
  isNone("a space in a value", `TEXT ${OPEN}=3 4`),
  isNone("semicolons between metrics", `TEXT ${OPEN}=3; ${PENDING}=4096`),
  isNone("a malformed member behind a good one", `TEXT ${OPEN}=3, nonsense`),
  isNone("a control character", `TEXT ${OPEN}=3, a=\x01`),
  isNone("bytes beyond ASCII", `TEXT ${OPEN}=3, a=\xe4`),
  isNone("said twice", `TEXT ${OPEN}=3, ${OPEN}=3`),
  isNone("said twice, differently", `TEXT ${OPEN}=3, ${OPEN}=4`),
  isNone("negative transfers", `TEXT ${OPEN}=-1`),
  isNone("negative zero", `TEXT ${OPEN}=-0`),
  isNone("negative bytes", `TEXT ${OPEN}=3, ${PENDING}=-4096`),
  isNone("a negative rate", `TEXT ${OPEN}=3, ${RATE}=-0.5`),
  isNone("NaN", `TEXT ${OPEN}=NaN`),
  isNone("nan as C writes it", `TEXT ${OPEN}=3, ${RATE}=-nan`),
  isNone("Infinity", `TEXT ${OPEN}=3, ${RATE}=Infinity`),
  isNone("inf as C writes it", `TEXT ${OPEN}=3, ${RATE}=inf`),
  isNone("infinite once read", `TEXT ${OPEN}=3, ${RATE}=1e999`),
  isNone("2^53", `TEXT ${OPEN}=3, ${PENDING}=9007199254740992`),
  isNone("2^63", `TEXT ${PENDING}=9223372036854775808`),
  isNone("-2^63", `TEXT ${PENDING}=-9223372036854775808`),
  isNone("2^64 - 1, an underflow", `TEXT ${OPEN}=18446744073709551615`),
  isNone("a rate of 2^63", `TEXT ${OPEN}=3, ${RATE}=9223372036854775808`),
  isNone("half a transfer", `TEXT ${OPEN}=2.5`),
  isNone("half a byte", `TEXT ${PENDING}=0.5`),
  isNone("hexadecimal", `TEXT ${OPEN}=0x3`),
  isNone("a sign", `TEXT ${OPEN}=+3`),
  isNone("no digit before the point", `TEXT ${RATE}=.5`),
  isNone("no digit behind the point", `TEXT ${RATE}=5.`),
  isNone("an exponent without digits", `TEXT ${RATE}=5e`),
  isNone("quoted", `TEXT ${OPEN}="3"`),
  isNone("a unit", `TEXT ${PENDING}=4K`),
  isNone("thousands", `TEXT ${PENDING}=4'096`),
  isNone("digits of another script", `TEXT ${OPEN}=\u0663`),
];
