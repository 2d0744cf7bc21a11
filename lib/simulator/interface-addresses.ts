import { networkInterfaces } from 'node:os';
import { runChild } from '../child.js';
import { Failure } from '../errors.js';

/**
 * Addresses that cameras have on a network interface of this machine, put there by the `ip` program (which needs root, or
 * a network namespace of one's own), and taken off again.
 */
export class InterfaceAddresses {
  readonly #name: string;
  readonly #taken = new Map<string, number>();

  constructor(name: string) {
    this.#name = name;
  }

  /** The interface's own MAC; undefined if there is none of this name, or it has no address yet. */
  get mac(): string | undefined {
    return networkInterfaces()[this.#name]?.[0]?.mac;
  }

  /**
   * Puts an address on the interface. `previous` goes first where it came from here: the kernel removes a network's
   * further addresses together with its first.
   */
  async take(address: string, prefixLength: number, previous?: string): Promise<void> {
    if (previous !== undefined && previous !== address) await this.#release(previous);
    const there = networkInterfaces()[this.#name]?.some((one) => one.address === address) ?? false;
    if (there) return;
    await this.#ip('add', address, prefixLength);
    this.#taken.set(address, prefixLength);
  }

  async releaseAll(): Promise<void> {
    for (const address of [...this.#taken.keys()]) await this.#release(address);
  }

  async #release(address: string): Promise<void> {
    const prefixLength = this.#taken.get(address);
    if (prefixLength === undefined) return;
    this.#taken.delete(address);
    await this.#ip('del', address, prefixLength);
  }

  async #ip(verb: 'add' | 'del', address: string, prefixLength: number): Promise<void> {
    const args = ['addr', verb, `${address}/${prefixLength}`, 'dev', this.#name];
    // Not ended half-way when everything stops: an address left behind is worse than a moment's wait.
    const { code, stderr } = await runChild('ip', args, new AbortController().signal).catch((cause: unknown) => {
      throw this.#failed('ip (iproute2) could not be started', cause);
    });
    if (code !== 0) throw this.#failed(stderr);
  }

  #failed(why: string, cause?: unknown): Failure {
    return new Failure(`no address could be set on network interface ${this.#name}: ${why}`, {
      kind: 'permanent',
      code: 'address-refused',
      hint: 'Name an interface of this machine (ip link shows them), and run as root.',
      cause,
    });
  }
}
