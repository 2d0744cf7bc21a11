import { randomUUID } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { parseSoap } from './soap.js';
import { leaf, tag } from './soap-reply.js';

/** A device that answers probes. */
export interface Discoverable {
  /** Its endpoint reference: `urn:uuid:…`. */
  readonly urn: string;
  /** With prefixes `dn` and `tds`. */
  readonly types: string;
  /** Where its device service is, as the datagram has it: `http://127.0.0.1:8080/onvif/device_service`, more after a space. */
  readonly addresses: string;
  /** The address it is at, and answers from. */
  readonly host: string;
  scopes(): readonly string[];
  /** Whether it answers at this moment. */
  isAnswering(): boolean;
}

const [GROUP, PORT] = ['239.255.255.250', 3702];

/**
 * Answers WS-Discovery probes that arrive on one interface, for any number of devices: one datagram for each, because
 * clients lose the second match of a shared one.
 */
export class DiscoveryResponder {
  readonly #devices: readonly Discoverable[];
  #socket: Socket | undefined;

  constructor(devices: readonly Discoverable[]) {
    this.#devices = devices;
  }

  /** Joins the group on the interface that has this IPv4 address. Rejects if the port or the group is not to be had. */
  async open(interfaceAddress: string): Promise<void> {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    this.#socket = socket;
    // Bound to the group, not to every address, so that nothing but multicast reaches it. Windows cannot.
    socket.bind(PORT, process.platform === 'win32' ? undefined : GROUP);
    await once(socket, 'listening');
    socket.addMembership(GROUP, interfaceAddress);
    // A reply that cannot be sent is a datagram lost, which probing clients expect.
    socket.on('error', () => undefined);
    // The kernel hands over what any program's membership brought in, from other interfaces too.
    const isLoopback = interfaceAddress.startsWith('127.');
    socket.on('message', (message, from) => {
      if (from.address.startsWith('127.') === isLoopback) this.#answer(message, from);
    });
  }

  /** Says hello for a device that has just come up, as cameras do. */
  announce(device: Discoverable): void {
    if (this.#socket) sendFrom(device.host, hello(device), { port: PORT, address: GROUP });
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (!socket) return;
    const closed = once(socket, 'close');
    socket.close();
    await closed;
  }

  #answer(message: Buffer, from: RemoteInfo): void {
    const probe = parseSoap(message.toString('utf8'));
    const id = probe?.text('MessageID');
    if (probe?.operation !== 'Probe' || !id || !wantsCamera(probe.text('Types'))) return;
    const wanted = probe.text('Scopes')?.split(/\s+/).filter(Boolean) ?? [];
    for (const device of this.#devices) {
      const scopes = device.scopes();
      const matches = wanted.every((prefix) =>
        scopes.some((scope) => scope === prefix || scope.startsWith(`${prefix}/`)),
      );
      if (matches && device.isAnswering()) sendFrom(device.host, probeMatch(device, id), from);
    }
  }
}

/** From the device's own address, as it would come from a box of its own: careful clients believe a sender nothing else. */
function sendFrom(host: string, message: string, to: { port: number; address: string }): void {
  const socket = createSocket('udp4');
  // An address that is gone, or a message that cannot be sent: a datagram lost, which clients expect.
  socket.on('error', () => socket.close());
  socket.bind(0, host, () => {
    if (to.address === GROUP) socket.setMulticastInterface(host);
    socket.send(message, to.port, to.address, () => socket.close());
  });
}

function wantsCamera(types: string | undefined): boolean {
  const names = (types ?? '')
    .split(/\s+/)
    .filter(Boolean)
    .map((name) => name.replace(/^.*:/, ''));
  return names.length === 0 || names.some((name) => name === 'NetworkVideoTransmitter' || name === 'Device');
}

const NAMESPACES =
  'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing" ' +
  'xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl" ' +
  'xmlns:tds="http://www.onvif.org/ver10/device/wsdl"';

function probeMatch(device: Discoverable, relatesTo: string): string {
  const to = '<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>';
  const match = tag('d:ProbeMatches', tag('d:ProbeMatch', description(device)));
  return message('ProbeMatches', leaf('a:RelatesTo', relatesTo) + to, match);
}

function hello(device: Discoverable): string {
  return message(
    'Hello',
    '<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>',
    tag('d:Hello', description(device)),
  );
}

function message(action: string, header: string, body: string): string {
  const name = leaf('a:Action', `http://schemas.xmlsoap.org/ws/2005/04/discovery/${action}`);
  const head = tag('s:Header', leaf('a:MessageID', `urn:uuid:${randomUUID()}`), header, name);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${tag(`s:Envelope ${NAMESPACES}`, head, tag('s:Body', body))}`;
}

function description(device: Discoverable): string {
  return [
    tag('a:EndpointReference', leaf('a:Address', device.urn)),
    leaf('d:Types', device.types),
    leaf('d:Scopes', device.scopes().join(' ')),
    leaf('d:XAddrs', device.addresses),
    leaf('d:MetadataVersion', 1),
  ].join('');
}
