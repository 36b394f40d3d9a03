/** A Metalink document, and what it says of each file in a line, or what is wrong with it. */
export interface MetalinkCase {
  readonly story: string;
  readonly text: string;
  readonly files?: readonly string[];
  readonly fault?: RegExp;
}

const NAMESPACE = 'xmlns="urn:ietf:params:xml:ns:metalink"';
const A = "a".repeat(64);
const B = "b".repeat(64);
const SHA1 = "c".repeat(40);
const MD5 = "d".repeat(32);

const metalink = (content: string) => `<metalink ${NAMESPACE}>${content}</metalink>`;
const file = (content: string, name = "a") => metalink(`<file name="${name}">${content}</file>`);
const read = (story: string, text: string, ...files: readonly string[]): MetalinkCase => ({
  story,
  text,
  files,
});
const refused = (story: string, text: string, fault: RegExp): MetalinkCase => ({
  story,
  text,
  fault,
});
const unwritable = /names a file that may not be written/;
const malformed = /is no well-formed XML/;

/** Documents of every kind: files as `PATH SIZE DIGEST PIECES URL...`, a dash for what is not said. */
export const METALINKS: readonly MetalinkCase[] = [
  read(
    "the document of RFC 5854 §1.1",
    `<?xml version="1.0" encoding="UTF-8"?>
<metalink ${NAMESPACE}>
  <published>2009-05-15T12:23:23Z</published>
  <origin dynamic="true">http://example.com/x.meta4</origin>
  <file name="example.ext">
    <size>14471447</size>
    <identity>Example</identity>
    <language>en</language>
    <hash type="sha-256">${A}</hash>
    <url location="de" priority="1">ftp://ftp.example.com/example.ext</url>
    <url location="FR" priority="2">http://example.com/example.ext</url>
    <metaurl mediatype="torrent" priority="2">http://example.com/example.ext.torrent</metaurl>
  </file>
</metalink>`,
    "example.ext 14471447 sha-256 - 2/fr/http://example.com/example.ext",
  ),
  read("nothing but a file", file(""), "a - - -"),
  read(
    "a prefix",
    `<m:metalink xmlns:m="urn:ietf:params:xml:ns:metalink"><m:file name="a"/></m:metalink>`,
    "a - - -",
  ),
  read("a BOM", `\ufeff${file("")}`, "a - - -"),
  read(
    "a CDATA section",
    file("<url><![CDATA[http://a/?b&c]]></url>"),
    "a - - - 999999//http://a/?b&c",
  ),
  read(
    "characters that XML writes otherwise",
    file("<url>http://a/?b&amp;c&#38;d</url>", "&quot;&#x65e5;"),
    '"日 - - - 999999//http://a/?b&c&d',
  ),
  read("directories", file("", "a/b/c.iso"), "a/b/c.iso - - -"),
  read("a name of a device, and a colon", file("", "d/con.txt"), "d/_con.txt - - -"),
  read(
    "several files",
    metalink(`<file name="a"><size>1</size></file><file name="b"><size>2</size></file>`),
    "a 1 - -",
    "b 2 - -",
  ),
  read(
    "the best of several hashes",
    file(`<hash type="md5">${MD5}</hash><hash type="SHA256">${A.toUpperCase()}</hash>
      <hash type="sha3-256">${B}</hash><hash type="sha-1">${SHA1}</hash>`),
    "a - sha-256 -",
  ),
  read("MD5 alone", file(`<hash type="md5"> ${MD5} </hash>`), "a - md5 -"),
  read(
    "a hash of another namespace, and within another element",
    file(`<x:hash xmlns:x="urn:x" type="md5">1</x:hash><x><hash type="md5">1</hash></x>`),
    "a - - -",
  ),
  read(
    "pieces",
    file(`<size>5</size><pieces type="sha-1" length="4"><hash>${SHA1}</hash><hash>${SHA1}</hash>
      </pieces><pieces type="sha-256" length="3"><hash>${A}</hash><hash>${B}</hash></pieces>`),
    "a 5 - 2xsha-256",
  ),
  read(
    "pieces of other size",
    file(`<size>9</size><pieces type="sha-256" length="3"><hash>${A}</hash></pieces>`),
    "a 9 - unfit",
  ),
  read(
    "pieces of no size",
    file(`<pieces type="sha-256" length="3"><hash>${A}</hash></pieces>`),
    "a - - unfit",
  ),
  read(
    "a piece that is none",
    file(`<size>3</size><pieces type="sha-256" length="3"><hash>${MD5}</hash></pieces>`),
    "a 3 - unfit",
  ),
  read(
    "pieces of an unknown kind",
    file(`<size>3</size><pieces type="sha3-256" length="3"><hash>${A}</hash></pieces>`),
    "a 3 - -",
  ),
  read(
    "URLs that are none, of other schemes, and with a password",
    file(`<url>a/b</url><url>http://</url><url>file:///etc/passwd</url><url>http://u:p@a/</url>
      <url priority="0">https://a/ä</url>`),
    "a - - - 999999//https://a/%C3%A4",
  ),
  read("1000 GB", file("<size>1000000000000</size>"), "a 1000000000000 - -"),
  refused("nothing", "", malformed),
  refused("text", "http://a/b\n", malformed),
  refused("HTML", "<!DOCTYPE html><html></html>", /declares a document type/),
  refused("another root", `<html/>`, /has another root/),
  refused("no namespace", `<metalink><file name="a"/></metalink>`, /has another root/),
  refused(
    "Metalink 3",
    `<metalink version="3.0" xmlns="http://www.metalinker.org/"><files/></metalink>`,
    /is of Metalink 3, which is not read/,
  ),
  refused("no file", metalink(""), /describes no file/),
  refused("one that is cut off", file("").slice(0, -3), malformed),
  refused("one file twice", metalink(`<file name="a"/><file name="a"/>`), /describes a twice/),
  refused("no name", metalink("<file/>"), unwritable),
  refused("the directory above", file("", "../../x"), unwritable),
  refused("the directory above, within", file("", "a/../../x"), unwritable),
  refused("the directory itself", file("", "."), unwritable),
  refused("an absolute name", file("", "/etc/passwd"), unwritable),
  refused("a directory", file("", "a/"), unwritable),
  refused("a backslash", file("", "a\\..\\..\\b"), unwritable),
  refused("a hidden file", file("", ".ssh/authorized_keys"), unwritable),
  refused("NUL", file("", "a&#0;b"), malformed),
  refused("a name that is too long", file("", "a".repeat(1025)), unwritable),
  refused("a size that is none", file("<size>1e9</size>"), /has a size that is no number/),
  refused("a size beyond numbers", file(`<size>${"9".repeat(16)}</size>`), /has a size that is no/),
  refused("a hash that is none", file(`<hash type="sha-256">${MD5}</hash>`), /has a sha-256 of a/),
  refused("pieces of nothing", file(`<pieces type="md5" length="0"/>`), /has pieces of 0 bytes/),
  refused(
    "a billion laughs",
    `<!DOCTYPE m [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>${file("", "&b;")}`,
    /declares a document type/,
  ),
  refused(
    "an external entity",
    `<!DOCTYPE m [<!ENTITY a SYSTEM "file:///etc/passwd">]>${file("", "&a;")}`,
    /declares a document type/,
  ),
  refused("an entity that is not declared", file("", "&a;"), malformed),
  refused("depth", metalink("<a>".repeat(100_000)), /is nested too deeply/),
  refused(
    "many files",
    metalink(Array.from({ length: 10_001 }, (_, i) => `<file name="${i}"/>`).join("")),
    /describes more than 10000 files/,
  ),
];
