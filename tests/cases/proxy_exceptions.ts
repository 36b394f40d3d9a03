/** A value of NO_PROXY, and a server that is reached directly or not. */
export interface ProxyException {
  readonly text: string;
  /** `HOST:PORT`. */
  readonly server: string;
  readonly isDirect: boolean;
}

const direct = (text: string, ...servers: readonly string[]) =>
  servers.map((server): ProxyException => ({ text, server, isDirect: true }));
const proxied = (text: string, ...servers: readonly string[]) =>
  servers.map((server): ProxyException => ({ text, server, isDirect: false }));

/** Values as they are met. */
export const PROXY_EXCEPTIONS: readonly ProxyException[] = [
  ...proxied("", "a.example:80", "127.0.0.1:80"),
  ...proxied(" , ,", "a.example:80"),
  ...direct("*", "a.example:80", "[::1]:80"),
  ...direct("b,*", "a.example:80"),
  ...direct("example", "example:80", "a.example:80", "b.a.example:443"),
  ...proxied("example", "anexample:80", "example.org:80"),
  ...direct(".example", "a.example:80", "example:80"),
  ...direct("*.example", "a.example:80"),
  ...direct("Example.", "a.example:80", "a.example.:80"),
  ...direct("x.org, a.example", "a.example:80"),
  ...direct("x.org a.example\ty.org", "a.example:80", "y.org:80"),
  ...direct("a.example:8080", "a.example:8080", "b.a.example:8080"),
  ...proxied("a.example:8080", "a.example:80"),
  ...proxied("a.example:", "a.example:80"),
  ...direct("127.0.0.1", "127.0.0.1:80"),
  ...proxied("127.0.0.1", "127.0.0.10:80", "127.0.0.1.example:80"),
  ...direct("127.0.0.1:81", "127.0.0.1:81"),
  ...proxied("127.0.0.1:81", "127.0.0.1:80"),
  ...direct("10.0.0.0/8", "10.1.2.3:80"),
  ...direct("10.1.2.3/8", "10.255.0.1:80"),
  ...proxied("10.0.0.0/8", "11.0.0.1:80", "10.example:80"),
  ...direct("10.0.0.0/8:81", "10.0.0.1:81"),
  ...proxied("10.0.0.0/8:81", "10.0.0.1:80"),
  ...direct("0.0.0.0/0", "10.0.0.1:80"),
  ...proxied("0.0.0.0/0", "[::1]:80", "a.example:80"),
  ...direct("::1", "[::1]:80"),
  ...direct("[::1]", "[::1]:80"),
  ...direct("[::1]:81", "[::1]:81"),
  ...proxied("[::1]:81", "[::1]:80"),
  ...direct("0:0::0:1", "[::1]:80"),
  ...direct("fd00::/8", "[fd12::1]:80"),
  ...direct("[fd00::/8]:81", "[fd12::1]:81"),
  ...proxied("fd00::/8", "[fe80::1]:80", "10.0.0.1:80"),
  ...direct("::ffff:10.0.0.1", "10.0.0.1:80"),
  ...direct("10.0.0.1", "[::ffff:10.0.0.1]:80"),
  ...proxied("10.0.0.0/33", "10.0.0.1:80"),
  ...proxied("10.0.0", "10.0.0.1:80"),
  ...proxied("0.1", "10.0.0.1:80"),
  ...proxied(".1", "10.0.0.1:80", "[::1]:80"),
  ...proxied("..", "a.example:80"),
  ...proxied("http://a.example", "a.example:80"),
];
