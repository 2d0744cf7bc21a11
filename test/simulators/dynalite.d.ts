declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A DynamoDB in memory; the server it returns still has to listen. */
  export default function dynalite(options?: { createTableMs?: number; path?: string }): Server;
}
