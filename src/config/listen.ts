/** `8080`, `127.0.0.1:8080`, `[::1]:8080`, `:8080`. */
export function parseListen(text: string): { host: string; port: number } {
  const [, host, port] = /^(?:(.*):)?(\d+)$/.exec(text) ?? [];
  return { host: host?.replace(/^\[|\]$/g, '') || '127.0.0.1', port: Number(port ?? 8080) };
}
