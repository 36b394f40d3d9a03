/** A raw message, or a part of one, and why it is worth a row. One character of `raw` is a byte. */
export interface Case {
  /** The RFC and its section: `9112 §3.2`. */
  readonly section: string;
  /** What the row shows. */
  readonly story: string;
  readonly raw: string;
}

/** To be understood. `value` holds what must come out of it; what it leaves out may be anything. */
export interface Accepted<Value> extends Case {
  readonly verdict: "accepted";
  readonly value: Value;
  /** What a live server answers, where that is not what any GET is answered: 204, 405, 501. */
  readonly answer?: number;
}

/** To be refused by the reader, and by a live server with that status and the end of its connection. */
export interface Refused extends Case {
  readonly verdict: "refused";
  readonly status: number;
}

/** Neither: more bytes are needed, for ever if none come. */
export interface Incomplete extends Case {
  readonly verdict: "incomplete";
}

/** One row of a table. */
export type Row<Value> = Accepted<Value> | Refused | Incomplete;

export function accepted<Value>(
  section: string,
  story: string,
  raw: string,
  value: Value,
  answer?: number,
): Accepted<Value> {
  const row = { verdict: "accepted", section, story, raw, value } as const;
  return answer === undefined ? row : { ...row, answer };
}

export function refused(section: string, story: string, raw: string, status = 400): Refused {
  return { verdict: "refused", section, story, raw, status };
}

export function incomplete(section: string, story: string, raw: string): Incomplete {
  return { verdict: "incomplete", section, story, raw };
}
