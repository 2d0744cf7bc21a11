/** The server's types mention a Node stream; no page ever holds one, so Node's types stay out of the browser code. */
declare module 'node:stream' {
  export type Readable = never;
}
