let second = NaN;
let text = "";

/**
 * RFC 9110 §5.6.7: `IMF-fixdate`, as in `Sun, 06 Nov 1994 08:49:37 GMT`. Made once a second and
 * kept, since every reply wants it.
 *
 * @param epochMs ms since 1970
 */
export function imfFixdate(epochMs: number): string {
  const wanted = Math.floor(epochMs / 1000);
  if (wanted !== second) {
    second = wanted;
    text = new Date(wanted * 1000).toUTCString();
  }
  return text;
}
