/** A listing as a server sends it, or as a hostile one might. */
export interface ListingCase {
  readonly story: string;
  readonly type: "json" | "html";
  readonly text: string;
  /** Each with a slash for a directory, else with size and time where they are known. */
  readonly entries: readonly string[];
}

/** The page that all of them are of. */
export const LISTED_URL = "http://a.example/pub/";

function json(story: string, text: string, ...entries: readonly string[]): ListingCase {
  return { story, type: "json", text, entries };
}

function html(story: string, text: string, ...entries: readonly string[]): ListingCase {
  return { story, type: "html", text, entries };
}

/** What servers of Debian send for one directory. */
export const SERVED_LISTINGS: readonly ListingCase[] = [
  json(
    "nginx 1.22, autoindex_format json",
    `[
{ "name":"loop", "type":"directory", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT" },
{ "name":"sub dir", "type":"directory", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT" },
{ "name":"a&b <c> \\"q\\".txt", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":2 },
{ "name":"a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":2 },
{ "name":"back\\\\slash", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":2 },
{ "name":"co:lon", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":2 },
{ "name":"it's;semi+plus.txt", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":2 },
{ "name":"latin�.txt", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":1 },
{ "name":"new\\nline", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":1 },
{ "name":"per%cent#hash?q.txt", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":2 },
{ "name":"plain.txt", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":6 },
{ "name":"ünïcode – ✓.txt", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":2 }
]`,
    "loop/",
    "sub%20dir/",
    "a%26b%20%3Cc%3E%20%22q%22.txt 2 1741064767",
    "a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz 2 1741064767",
    "back%5Cslash 2 1741064767",
    "co%3Alon 2 1741064767",
    "it's%3Bsemi%2Bplus.txt 2 1741064767",
    "latin%EF%BF%BD.txt 1 1741064767",
    "new%0Aline 1 1741064767",
    "per%25cent%23hash%3Fq.txt 2 1741064767",
    "plain.txt 6 1741064767",
    "%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt 2 1741064767",
  ),
  json(
    "nginx: a link to nothing is neither file nor directory",
    `[
{ "name":"again", "type":"directory", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT" },
{ "name":"dangling", "type":"other", "mtime":"Fri, 27 Nov 2026 08:18:21 GMT" },
{ "name":"link.txt", "type":"file", "mtime":"Tue, 04 Mar 2025 05:06:07 GMT", "size":6 }
]`,
    "again/",
    "link.txt 6 1741064767",
  ),
  json(
    "Caddy 2.6, file_server browse",
    `[{"name":".hidden/","size":4096,"url":"./.hidden/","mod_time":"2026-11-27T08:18:21.797801678Z","mode":2147484141,"is_dir":true,"is_symlink":false},{"name":"loop/","size":4096,"url":"./loop/","mod_time":"2025-03-04T05:06:07.89Z","mode":2147484141,"is_dir":true,"is_symlink":false},{"name":"sub dir/","size":4096,"url":"./sub%20dir/","mod_time":"2025-03-04T05:06:07.89Z","mode":2147484141,"is_dir":true,"is_symlink":false},{"name":"a\\u0026b \\u003cc\\u003e \\"q\\".txt","size":2,"url":"./a\\u0026b%20%3Cc%3E%20%22q%22.txt","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz","size":2,"url":"./a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"back\\\\slash","size":2,"url":"./back%5Cslash","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"co:lon","size":2,"url":"./co:lon","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"it's;semi+plus.txt","size":2,"url":"./it%27s;semi+plus.txt","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"latin\\ufffd.txt","size":1,"url":"./latin%E9.txt","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"new\\nline","size":1,"url":"./new%0Aline","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"per%cent#hash?q.txt","size":2,"url":"./per%25cent%23hash%3Fq.txt","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"plain.txt","size":6,"url":"./plain.txt","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false},{"name":"ünïcode – ✓.txt","size":2,"url":"./%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt","mod_time":"2025-03-04T05:06:07.89Z","mode":420,"is_dir":false,"is_symlink":false}]
`,
    ".hidden/",
    "loop/",
    "sub%20dir/",
    "a&b%20%3Cc%3E%20%22q%22.txt 2 1741064767",
    "a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz 2 1741064767",
    "back%5Cslash 2 1741064767",
    "co:lon 2 1741064767",
    "it%27s;semi+plus.txt 2 1741064767",
    "latin%E9.txt 1 1741064767",
    "new%0Aline 1 1741064767",
    "per%25cent%23hash%3Fq.txt 2 1741064767",
    "plain.txt 6 1741064767",
    "%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt 2 1741064767",
  ),
  json(
    "Caddy: of links neither size nor time is told",
    `[{"name":"again/","size":4096,"url":"./again/","mod_time":"2026-11-27T08:18:21.801801678Z","mode":134218239,"is_dir":true,"is_symlink":true},{"name":"dangling","size":8,"url":"./dangling","mod_time":"2026-11-27T08:18:21.809801678Z","mode":134218239,"is_dir":false,"is_symlink":true},{"name":"link.txt","size":6,"url":"./link.txt","mod_time":"2026-11-27T08:18:21.809801678Z","mode":134218239,"is_dir":false,"is_symlink":true}]
`,
    "again/",
    "dangling",
    "link.txt",
  ),
  json(
    "server.ts",
    `[
{"name":"loop","type":"directory","mtime":"Tue, 04 Mar 2025 05:06:07 GMT"},
{"name":"sub dir","type":"directory","mtime":"Tue, 04 Mar 2025 05:06:07 GMT"},
{"name":"a&b <c> \\"q\\".txt","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":2},
{"name":"a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":2},
{"name":"back\\\\slash","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":2},
{"name":"co:lon","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":2},
{"name":"it's;semi+plus.txt","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":2},
{"name":"new\\nline","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":1},
{"name":"per%cent#hash?q.txt","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":2},
{"name":"plain.txt","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":6},
{"name":"ünïcode – ✓.txt","type":"file","mtime":"Tue, 04 Mar 2025 05:06:07 GMT","size":2}
]
`,
    "loop/",
    "sub%20dir/",
    "a%26b%20%3Cc%3E%20%22q%22.txt 2 1741064767",
    "a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz 2 1741064767",
    "back%5Cslash 2 1741064767",
    "co%3Alon 2 1741064767",
    "it's%3Bsemi%2Bplus.txt 2 1741064767",
    "new%0Aline 1 1741064767",
    "per%25cent%23hash%3Fq.txt 2 1741064767",
    "plain.txt 6 1741064767",
    "%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt 2 1741064767",
  ),
  html(
    "server.ts",
    `<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Index of /loop/</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 0 auto; padding: 1rem }
h1 { font-size: 1.25rem; overflow-wrap: anywhere }
table { width: 100%; border-collapse: collapse }
th, td { padding: .25rem .5rem; text-align: start; vertical-align: baseline }
td { border-top: 1px solid #8883 }
th + th, td + td { text-align: end; white-space: nowrap; font-variant-numeric: tabular-nums }
td a { overflow-wrap: anywhere; white-space: pre-wrap; unicode-bidi: isolate }
a { text-decoration: none }
a:hover, a:focus { text-decoration: underline }
[aria-sort=ascending] a::after { content: " \\2191" }
[aria-sort=descending] a::after { content: " \\2193" }
@media (max-width: 36rem) {
  tr { display: grid; grid-template-columns: 1fr auto }
  th:first-child, td:first-child { grid-column: 1 / -1 }
  td + td { border: 0; padding-top: 0; opacity: .75 }
}
</style>
<h1>Index of /loop/</h1>
<table>
<tr><th scope="col" aria-sort="ascending"><a href="?sort=-name">Name</a><th scope="col"><a href="?sort=size">Size</a><th scope="col"><a href="?sort=time">Modified (UTC)</a>
<tr><td><a href="../">../</a><td><td>
<tr><td><a href="again/">again/</a><td><td>2025-03-04 05:06
<tr><td><a href="link.txt">link.txt</a><td>6 B<td>2025-03-04 05:06
</table>
</html>
`,
    "again/",
    "link.txt",
  ),
  html(
    "nginx 1.22, autoindex",
    `<html>
<head><title>Index of /</title></head>
<body>
<h1>Index of /</h1><hr><pre><a href="../">../</a>
<a href="loop/">loop/</a>                                              04-Mar-2025 05:06                   -
<a href="sub%20dir/">sub dir/</a>                                           04-Mar-2025 05:06                   -
<a href="a%26b%20%3Cc%3E%20%22q%22.txt">a&amp;b &lt;c&gt; &quot;q&quot;.txt</a>                                    04-Mar-2025 05:06                   2
<a href="a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz">a-name-that-is-longer-than-the-fifty-columns-wh..&gt;</a> 04-Mar-2025 05:06                   2
<a href="back%5Cslash">back\\slash</a>                                         04-Mar-2025 05:06                   2
<a href="co%3Alon">co:lon</a>                                             04-Mar-2025 05:06                   2
<a href="it%27s%3Bsemi%2Bplus.txt">it's;semi+plus.txt</a>                                 04-Mar-2025 05:06                   2
<a href="latin%E9.txt">latin�.txt</a>                                         04-Mar-2025 05:06                   1
<a href="new%0Aline">new
line</a>                                           04-Mar-2025 05:06                   1
<a href="per%25cent%23hash%3Fq.txt">per%cent#hash?q.txt</a>                                04-Mar-2025 05:06                   2
<a href="plain.txt">plain.txt</a>                                          04-Mar-2025 05:06                   6
<a href="%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt">ünïcode – ✓.txt</a>                              04-Mar-2025 05:06                   2
</pre><hr></body>
</html>
`,
    "loop/",
    "sub%20dir/",
    "a%26b%20%3Cc%3E%20%22q%22.txt",
    "a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz",
    "back%5Cslash",
    "co%3Alon",
    "it%27s%3Bsemi%2Bplus.txt",
    "latin%E9.txt",
    "new%0Aline",
    "per%25cent%23hash%3Fq.txt",
    "plain.txt",
    "%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt",
  ),
  html(
    "lighttpd 1.4, its script shortened",
    `<!DOCTYPE html>
<html>
<head>
<title>Index of /</title>
<style type="text/css">
a, a:active {text-decoration: none; color: blue;}
a:visited {color: #48468F;}
a:hover, a:focus {text-decoration: underline; color: red;}
body {background-color: #F5F5F5;}
h2 {margin-bottom: 12px;}
table {margin-left: 12px;}
th, td { font: 90% monospace; text-align: left;}
th { font-weight: bold; padding-right: 14px; padding-bottom: 3px;}
td {padding-right: 14px;}
td.s, th.s {text-align: right;}
div.list { background-color: white; border-top: 1px solid #646464; border-bottom: 1px solid #646464; padding-top: 10px; padding-bottom: 14px;}
div.foot { font: 90% monospace; color: #787878; padding-top: 4px;}
</style>
</head>
<body>
<h2>Index of /</h2>
<div class="list">
<table summary="Directory Listing" cellpadding="0" cellspacing="0">
<thead><tr><th class="n">Name</th><th class="m">Last Modified</th><th class="s">Size</th><th class="t">Type</th></tr></thead>
<tbody>
<tr class="d"><td class="n"><a href="loop/">loop</a>/</td><td class="m">2025-Mar-04 05:06:07</td><td class="s">- &nbsp;</td><td class="t">Directory</td></tr>
<tr class="d"><td class="n"><a href="sub%20dir/">sub dir</a>/</td><td class="m">2025-Mar-04 05:06:07</td><td class="s">- &nbsp;</td><td class="t">Directory</td></tr>
<tr><td class="n"><a href="a%26b%20%3Cc%3E%20%22q%22.txt">a&#x26;b &#x3C;c&#x3E; &#x22;q&#x22;.txt</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz">a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="back%5Cslash">back\\slash</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="co%3Alon">co:lon</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="it%27s%3Bsemi%2Bplus.txt">it&#x27;s;semi+plus.txt</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="latin%E9.txt">latin�.txt</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="new%0Aline">new&#x0A;line</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="per%25cent%23hash%3Fq.txt">per%cent#hash?q.txt</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="plain.txt">plain.txt</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
<tr><td class="n"><a href="%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt">ünïcode – ✓.txt</a></td><td class="m">2025-Mar-04 05:06:07</td><td class="s">0.1K</td><td class="t">application/octet-stream</td></tr>
</tbody>
</table>
</div>
<div class="foot">lighttpd/1.4.69</div>

<script type="text/javascript">
// <!--

document.write('<a href="no">');
init_sort_from_query();

// -->
</script>

</body>
</html>
`,
    "loop/",
    "sub%20dir/",
    "a%26b%20%3Cc%3E%20%22q%22.txt",
    "a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz",
    "back%5Cslash",
    "co%3Alon",
    "it%27s%3Bsemi%2Bplus.txt",
    "latin%E9.txt",
    "new%0Aline",
    "per%25cent%23hash%3Fq.txt",
    "plain.txt",
    "%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt",
  ),
  html(
    "Apache 2.4, FancyIndexing, which has links for sorting",
    `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
<html>
 <head>
  <title>Index of /</title>
 </head>
 <body>
<h1>Index of /</h1>
  <table>
   <tr><th valign="top">&nbsp;</th><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th><th><a href="?C=S;O=A">Size</a></th><th><a href="?C=D;O=A">Description</a></th></tr>
   <tr><th colspan="5"><hr></th></tr>
<tr><td valign="top">&nbsp;</td><td><a href=".hidden/">.hidden/</a>               </td><td align="right">2026-11-27 08:18  </td><td align="right">  - </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="a&amp;b%20%3cc%3e%20%22q%22.txt">a&amp;b &lt;c&gt; &quot;q&quot;.txt</a>        </td><td align="right">2025-03-04 05:06  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz">a-name-that-is-longe..&gt;</a></td><td align="right">2025-03-04 05:06  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="back%5cslash">back\\slash</a>             </td><td align="right">2025-03-04 05:06  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="./co:lon">co:lon</a>                 </td><td align="right">2025-03-04 05:06  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="it's;semi+plus.txt">it's;semi+plus.txt</a>     </td><td align="right">2025-03-04 05:06  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="latin%e9.txt">latin�.txt</a>             </td><td align="right">2025-03-04 05:06  </td><td align="right">  1 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="loop/">loop/</a>                  </td><td align="right">2025-03-04 05:06  </td><td align="right">  - </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="new%0aline">new
line</a>               </td><td align="right">2025-03-04 05:06  </td><td align="right">  1 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="per%25cent%23hash%3fq.txt">per%cent#hash?q.txt</a>    </td><td align="right">2025-03-04 05:06  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="plain.txt">plain.txt</a>              </td><td align="right">2025-03-04 05:06  </td><td align="right">  6 </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="sub%20dir/">sub dir/</a>               </td><td align="right">2025-03-04 05:06  </td><td align="right">  - </td><td>&nbsp;</td></tr>
<tr><td valign="top">&nbsp;</td><td><a href="%c3%bcn%c3%afcode%20%e2%80%93%20%e2%9c%93.txt">ünïcode – ✓.txt</a>  </td><td align="right">2025-03-04 05:06  </td><td align="right">  2 </td><td>&nbsp;</td></tr>
   <tr><th colspan="5"><hr></th></tr>
</table>
</body></html>
`,
    ".hidden/",
    "a&b%20%3cc%3e%20%22q%22.txt",
    "a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz",
    "back%5cslash",
    "co:lon",
    "it's;semi+plus.txt",
    "latin%e9.txt",
    "loop/",
    "new%0aline",
    "per%25cent%23hash%3fq.txt",
    "plain.txt",
    "sub%20dir/",
    "%c3%bcn%c3%afcode%20%e2%80%93%20%e2%9c%93.txt",
  ),
  html(
    "python -m http.server",
    `<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Directory listing for /</title>
</head>
<body>
<h1>Directory listing for /</h1>
<hr>
<ul>
<li><a href=".hidden/">.hidden/</a></li>
<li><a href="a%26b%20%3Cc%3E%20%22q%22.txt">a&amp;b &lt;c&gt; "q".txt</a></li>
<li><a href="a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz">a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz</a></li>
<li><a href="back%5Cslash">back\\slash</a></li>
<li><a href="co%3Alon">co:lon</a></li>
<li><a href="it%27s%3Bsemi%2Bplus.txt">it's;semi+plus.txt</a></li>
<li><a href="latin%ED%B3%A9.txt">latin�.txt</a></li>
<li><a href="loop/">loop/</a></li>
<li><a href="new%0Aline">new
line</a></li>
<li><a href="per%25cent%23hash%3Fq.txt">per%cent#hash?q.txt</a></li>
<li><a href="plain.txt">plain.txt</a></li>
<li><a href="sub%20dir/">sub dir/</a></li>
<li><a href="%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt">ünïcode – ✓.txt</a></li>
</ul>
<hr>
</body>
</html>
`,
    ".hidden/",
    "a%26b%20%3Cc%3E%20%22q%22.txt",
    "a-name-that-is-longer-than-the-fifty-columns-which-nginx-shows-of-it.tar.gz",
    "back%5Cslash",
    "co%3Alon",
    "it%27s%3Bsemi%2Bplus.txt",
    "latin%ED%B3%A9.txt",
    "loop/",
    "new%0Aline",
    "per%25cent%23hash%3Fq.txt",
    "plain.txt",
    "sub%20dir/",
    "%C3%BCn%C3%AFcode%20%E2%80%93%20%E2%9C%93.txt",
  ),
  html(
    "python: links are shown with @",
    `<!DOCTYPE HTML>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Directory listing for /loop/</title>
</head>
<body>
<h1>Directory listing for /loop/</h1>
<hr>
<ul>
<li><a href="again/">again@</a></li>
<li><a href="dangling">dangling@</a></li>
<li><a href="link.txt">link.txt@</a></li>
</ul>
<hr>
</body>
</html>
`,
    "again/",
    "dangling",
    "link.txt",
  ),
];

/** What no server sends that means well, or knows what it does. */
export const HOSTILE_LISTINGS: readonly ListingCase[] = [
  html(
    "links that lead elsewhere",
    `<a href="../">up</a> <a href="/">root</a> <a href="/pub">itself</a> <a href=".">itself</a>
<a href="./">itself</a> <a href="">itself</a> <a href="#x">itself</a> <a href="/etc/passwd">x</a>
<a href="../../../etc/passwd">x</a> <a href="a/b">deeper</a> <a href="a//">deeper</a>
<a href="//b.example/pub/x">another host</a> <a href="http://a.example:81/pub/x">another port</a>
<a href="https://a.example/pub/x">another scheme</a> <a href="file:///pub/x">x</a>
<a href="javascript:alert(1)">x</a> <a href="mailto:x@y">x</a> <a href="http://">x</a>
<a href="http://u:p@a.example/pub/x">a password</a> <a href="..\\..\\x">backslashes</a>
<a href="?C=N;O=D">sorting</a> <a href="x?C=N">a query</a> <a href="/pub//x">an empty segment</a>
<a href="/pubx/y">a longer name</a> <a href="a/../../x">around</a>`,
  ),
  html(
    "links that lead here, in many ways",
    `<A HREF='one'>1</A><a href=two>2</a><a class="x" href="./three">3</a><a href="/pub/four">4</a>
<a href="http://a.example/pub/five#part">5</a><a href="//A.EXAMPLE:80/pub/six">6</a>
<a href="&#115;even">7</a><a href=" eight ">8</a><a href="n\nine">9</a><a href="x/../ten">10</a>
<a href="/%70ub/eleven">11</a>`,
    ...["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"],
  ),
  html(
    "what is in comments, scripts, styles and texts is no link",
    `<!-- <a href="a"> --><script>"<a href='b'>"</script><style><a href="c"></style>
<textarea><a href="d"></textarea><title><a href="e"></title><p title='<a href="f">'>&lt;a href="g"&gt;`,
  ),
  html(
    "a base that is here, of which the first counts",
    `<base href="/pub/"><base href="http://b.example/"><a href="x">`,
    "x",
  ),
  html("a base that is elsewhere", `<base href="http://b.example/pub/"><a href="x">`),
  html("a base that is no URL", `<base href="http://"><a href="x">`),
  html("an entry twice", `<a href="x"></a><a href="./x"></a><a href="%78"></a>`, "x"),
  html("a name that is file and directory", `<a href="x"></a><a href="x/"></a>`, "x", "x/"),
  html(
    "encoded separators and dots stay encoded",
    `<a href="..%2f..%2fetc">1</a><a href="%2e%2e%2fx">2</a><a href="%5c..%5cx">3</a><a href="%00">4</a>`,
    ...["..%2f..%2fetc", "%2e%2e%2fx", "%5c..%5cx", "%00"],
  ),
  html(
    "dots alone that are encoded",
    `<a href="%2e%2e/">1</a><a href="%2E">2</a>`,
    "%2e%2e/",
    "%2E",
  ),
  html("tags without end", `<a href="x"><a href="y`, "x"),
  json(
    "names that lead elsewhere",
    `[{"name":"..","type":"directory"},{"name":".","type":"directory"},{"name":"","type":"file"},
{"name":"../x","type":"file","size":1},{"name":"/etc/passwd","type":"file"},
{"name":"a\\\\..\\\\x","type":"file"},{"name":"\\u0000","type":"file"},{"name":"\\ud800","type":"file"}]`,
    ...["..%2Fx 1", "%2Fetc%2Fpasswd", "a%5C..%5Cx", "%00", "%EF%BF%BD"],
  ),
  json(
    "URLs that lead elsewhere",
    `[{"name":"a","is_dir":false,"url":"../a"},{"name":"b","is_dir":false,"url":"http://b.example/pub/b"},
{"name":"c","is_dir":true,"url":"./c/"},{"name":"d","is_dir":true,"url":"/pub/d/e/"}]`,
    "c/",
  ),
  json(
    "sizes and times that are none",
    `[{"name":"a","type":"file","size":-1,"mtime":"yesterday"},{"name":"b","type":"file","size":1e300},
{"name":"c","type":"file","size":"1","mtime":5},{"name":"d","type":"file","size":1.5}]`,
    ...["a", "b", "c", "d"],
  ),
  json(
    "members within members",
    `[{"name":"a","type":"file","x":[{"name":"b"}],"y":"]},{\\"[\\\\"}]`,
    "a",
  ),
  json("nothing", " [ ] "),
];

/** What is no listing, and the end of the message. */
export const BAD_LISTINGS: readonly (readonly [text: string, reason: string])[] = [
  ["", "is no JSON array"],
  ["{}", "is no JSON array"],
  ["null", "is no JSON array"],
  ['"["', "is no JSON array"],
  ["[", "is no JSON array"],
  ["[]]", "is no JSON array"],
  ["[],[]", "is no JSON array"],
  ["[,]", "is no JSON array"],
  ['[{"name":"a","type":"file"},]', "is no JSON array"],
  ['[{"name":"a","type":"file"} {"name":"b","type":"file"}]', "is no JSON array"],
  ['[{"name":"a","type":"file"}', "is no JSON array"],
  ['[{"name":"a","type":"file"}] x', "is no JSON array"],
  ['[{"name":"a","type":"file"}}', "is no JSON array"],
  ["[{'name':'a'}]", "is no JSON array"],
  ["[1]", "has an entry without a name"],
  ["[null]", "has an entry without a name"],
  ["[[]]", "has an entry without a name"],
  ['[{"name":5}]', "has an entry without a name"],
  ['{"error":"x"}', "is no JSON array"],
];
