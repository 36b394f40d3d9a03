/** A netrc file, and what it gives for the typed URL's host `a.example`. */
export interface NetrcFile {
  readonly story: string;
  readonly text: string;
  /** `NAME:PASSWORD`; undefined for nothing; a pattern for the message that refuses the file. */
  readonly expected: string | undefined | RegExp;
}

function file(story: string, text: string, expected: NetrcFile["expected"]): NetrcFile {
  return { story, text, expected };
}

/** netrc files as they are met. */
export const NETRC_FILES: readonly NetrcFile[] = [
  file("one line", "machine a.example login u password p\n", "u:p"),
  file("lines", "machine a.example\r\n\tlogin u\r\n\tpassword p", "u:p"),
  file(
    "another host first",
    "machine b login x password y\nmachine a.example login u password p",
    "u:p",
  ),
  file("a name in capitals", "machine A.Example login u password p", "u:p"),
  file(
    "the first of two",
    "machine a.example login u password p machine a.example login v password q",
    "u:p",
  ),
  file("password before login", "machine a.example password p login u", "u:p"),
  file("account", "machine a.example account x login u password p", "u:p"),
  file("default", "machine b login x password y\ndefault login u password p", "u:p"),
  file(
    "default beside an entry",
    "machine a.example login u password p default login x password y",
    "u:p",
  ),
  file(
    "an entry without a password",
    "machine a.example login u\ndefault login x password y",
    undefined,
  ),
  file("nothing for the host", "machine b login x password y", undefined),
  file("a longer host", "machine xa.example login x password y", undefined),
  file("empty", "", undefined),
  file(
    "a macro",
    "macdef init\nmachine a.example login x password y\n\nmachine a.example login u password p",
    "u:p",
  ),
  file("a macro to the end", "macdef init\ncd /pub", undefined),
  file(
    "comments",
    "# machine a.example login x password y\nmachine a.example login u password p # z",
    "u:p",
  ),
  file("a password that begins with #", "machine a.example login u password #p", "u:#p"),
  file(
    "a password that is a keyword",
    "machine a.example login login password password",
    "login:password",
  ),
  file("quotes", 'machine a.example login "u v" password "p \\"q\\" \\\\"', 'u v:p "q" \\'),
  file(
    "a quoted keyword",
    'machine a.example "login" u password p',
    /^line 1: machine, .* is expected$/,
  ),
  file("a quote within", 'machine a.example login u password p"q', 'u:p"q'),
  file("beyond ASCII", "machine a.example login é password ß", "é:ß"),
  file("an empty password", 'machine a.example login u password ""', "u:"),
  file(
    "no end of a quote",
    'machine a.example login u password "secret',
    /^line 1: a quote has no end$/,
  ),
  file(
    "two words",
    "machine a.example\nlogin u\npassword top secret",
    /^line 3: machine, .* is expected$/,
  ),
  file("no value", "machine a.example login u\npassword", /^line 2: the value is missing$/),
  file("login alone", "login u password secret", /^line 1: machine, .* is expected$/),
  file(
    "a colon in a login",
    "machine a.example login u:secret password p",
    /^line 1: the login holds/,
  ),
  file("NUL", "machine a.example login u password secret\0", /^line 1: the password holds/),
  file(
    "an escaped line end",
    'machine a.example login u password "secret\\n"',
    /^line 1: the password holds/,
  ),
  file(
    "bytes that are not UTF-8",
    "machine a.example login u password secret\ufffd",
    /^line 1: the password holds/,
  ),
  file("other bytes", "\x7fELF\x02\x01secret", /^line 1: machine, .* is expected$/),
];
