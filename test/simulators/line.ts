import { connect, createServer, type Server, type Socket } from 'node:net';

/** A line to a server that can be cut, and over which nothing may come through though it stays connected. */
export class Line {
  readonly #to: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #held = false;
  port = 0;

  private constructor(to: number) {
    this.#to = to;
  }

  /** A new port of this machine that leads to the port `to`. */
  static async to(to: number): Promise<Line> {
    const line = new Line(to);
    await line.restore();
    return line;
  }

  /** Every connection breaks, and none is made any more. */
  async cut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => server?.close(() => resolve()) ?? resolve());
  }

  /** Connections stay and are made, and no byte comes through, either way. */
  hold(): void {
    this.#held = true;
    for (const socket of this.#sockets) socket.pause();
  }

  /** The line is as it was, at the same port; what was held is lost. */
  async restore(): Promise<void> {
    if (this.#held) await this.cut();
    this.#held = false;
    if (this.#server) return;
    const server = createServer((socket) => this.#carry(socket));
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as { port: number }).port;
    this.#server = server;
  }

  #carry(near: Socket): void {
    const far = connect(this.#to, '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('data', (data) => {
        if (!other.write(data)) socket.pause();
      });
      socket.on('drain', () => {
        if (!this.#held) other.resume();
      });
      socket.on('end', () => other.end());
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
      if (this.#held) socket.pause();
    }
  }
}
