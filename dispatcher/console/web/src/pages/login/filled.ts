const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** The name and the password that a link on this very machine carries behind its #; the demo prints one. */
export function filledIn({ hostname, hash }: Pick<Location, "hostname" | "hash">): { name: string; password: string } {
  const [, name = "", password = ""] = /^#([\w.-]+):([\w-]+)$/.exec(hash) ?? [];
  return LOOPBACK.includes(hostname) ? { name, password } : { name: "", password: "" };
}
