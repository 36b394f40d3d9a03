/** One member of a list by which a client says what it would rather have. */
export interface WeightedMember {
  /** The coding or media range, in lower case, without its parameters. */
  readonly value: string;
  /** Its quality value, 0 to 1; 0 says "not this" (RFC 9110 §12.4.2). */
  readonly qvalue: number;
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const QUOTED_STRING =
  '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t \\x21-\\x7e\\x80-\\xff])*"';
const PARAMETER = `${TOKEN}=(?:${TOKEN}|${QUOTED_STRING})`;

/**
 * RFC 9110 §12.5.1, §12.5.3, §5.6.6: a coding or a media range, and its parameters, up to the comma
 * or the end of the list. White space leads to one thing only, or it could be divided in many ways.
 */
const MEMBER = new RegExp(
  `[ \\t]*(${TOKEN}(?:/${TOKEN})?)((?:[ \\t]*;(?:[ \\t]*${PARAMETER})?)*)[ \\t]*(?:,|$)`,
  "y",
);

const PARAMETERS = new RegExp(`;[ \\t]*(${TOKEN})=(${TOKEN}|${QUOTED_STRING})`, "g");

/** RFC 9110 §12.4.2: `qvalue = ( "0" [ "." 0*3DIGIT ] ) / ( "1" [ "." 0*3("0") ] )`. */
const QVALUE = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

/**
 * The members of Accept or Accept-Encoding, in their order. Empty and malformed ones are passed
 * over, up to the next comma: what cannot be read is not asked for.
 *
 * A parameter `q` is the weight wherever it stands (RFC 9110 §12.5.1); the first, if there are more.
 */
export function weightedMembers(fieldValue: string): WeightedMember[] {
  const members: WeightedMember[] = [];
  for (let start = 0; start < fieldValue.length;) {
    MEMBER.lastIndex = start;
    const match = MEMBER.exec(fieldValue);
    if (match === null) {
      const comma = fieldValue.indexOf(",", start);
      start = comma === -1 ? fieldValue.length : comma + 1;
      continue;
    }
    start = MEMBER.lastIndex;
    const [, value = "", parameters = ""] = match;
    const qvalue = qvalueOf(parameters);
    if (qvalue !== undefined) members.push({ value: value.toLowerCase(), qvalue });
  }
  return members;
}

/** 1 where none is given; undefined for one that is malformed. */
function qvalueOf(parameters: string): number | undefined {
  for (const [, name = "", value = ""] of parameters.matchAll(PARAMETERS)) {
    if (name.toLowerCase() !== "q") continue;
    return QVALUE.test(value) ? Number(value) : undefined;
  }
  return 1;
}
