import type { Clock } from '../clock.js';
import { Failure } from '../errors.js';
import { OnvifConnection, type OnvifTarget } from './connection.js';
import type { SettingGroup } from './settings.js';
import { child, children, escapeXml, textAt, type XmlElement } from './xml.js';

const DEVICE = 'http://www.onvif.org/ver10/device/wsdl';
const SCHEMA = 'http://www.onvif.org/ver10/schema';

export function hostname(connection: OnvifConnection): SettingGroup<{ hostname: string }> {
  return {
    async read(signal) {
      const reply = await connection.call({ service: 'device', body: `<GetHostname xmlns="${DEVICE}"/>`, signal });
      return { hostname: textAt(reply, 'HostnameInformation', 'Name') ?? '' };
    },
    async write({ hostname: name = '' }, _present, signal) {
      const body = `<SetHostname xmlns="${DEVICE}"><Name>${escapeXml(name)}</Name></SetHostname>`;
      await connection.call({ service: 'device', body, signal });
    },
    // Host names know no case.
    isSame: (_, has, wanted) => has.toLowerCase() === wanted.toLowerCase(),
  };
}

/** `gateway`: an IPv4 address. `dns`: `dhcp`, or servers with commas between them. */
export function gateway(connection: OnvifConnection): SettingGroup<{ gateway: string }> {
  return {
    async read(signal) {
      const body = `<GetNetworkDefaultGateway xmlns="${DEVICE}"/>`;
      const reply = await connection.call({ service: 'device', body, signal });
      return { gateway: textAt(reply, 'NetworkGateway', 'IPv4Address') ?? '' };
    },
    async write({ gateway: address = '' }, _present, signal) {
      const body = `<SetNetworkDefaultGateway xmlns="${DEVICE}"><IPv4Address>${escapeXml(address)}</IPv4Address></SetNetworkDefaultGateway>`;
      await connection.call({ service: 'device', body, signal });
    },
  };
}

export function nameServers(connection: OnvifConnection): SettingGroup<{ dns: string }> {
  return {
    async read(signal) {
      const reply = await connection.call({ service: 'device', body: `<GetDNS xmlns="${DEVICE}"/>`, signal });
      const information = child(reply, 'DNSInformation');
      if (textAt(information, 'FromDHCP') === 'true') return { dns: 'dhcp' };
      const addresses = children(information, 'DNSManual').map(
        (one) => textAt(one, 'IPv4Address') ?? textAt(one, 'IPv6Address'),
      );
      return { dns: addresses.filter(Boolean).join(',') };
    },
    async write({ dns = '' }, _present, signal) {
      const servers = dns === 'dhcp' ? [] : dns.split(',');
      const manual = servers.map((address) => {
        const version = address.includes(':') ? 'IPv6' : 'IPv4';
        return `<DNSManual><Type xmlns="${SCHEMA}">${version}</Type><${version}Address xmlns="${SCHEMA}">${escapeXml(address)}</${version}Address></DNSManual>`;
      });
      const body = `<SetDNS xmlns="${DEVICE}"><FromDHCP>${dns === 'dhcp'}</FromDHCP>${manual.join('')}</SetDNS>`;
      await connection.call({ service: 'device', body, signal });
    },
  };
}

/** How a camera has its IPv4 address: `dhcp`, or `192.168.1.30/24`. */
export interface Ipv4 {
  interfaceToken: string;
  address: string;
  prefixLength: number;
  dhcp: boolean;
}

/** Of the interface we reach it by; else of the first one that is on. */
export async function readIpv4(connection: OnvifConnection, signal: AbortSignal): Promise<Ipv4> {
  const body = `<GetNetworkInterfaces xmlns="${DEVICE}"/>`;
  const reply = await connection.call({ service: 'device', body, signal });
  const all = children(reply, 'NetworkInterfaces')
    .filter((one) => textAt(one, 'Enabled') !== 'false')
    .map(ipv4Of);
  const ours = all.find(({ address }) => address === connection.target.host) ?? all[0];
  if (ours) return ours;
  throw new Failure('The camera tells of no network interface', {
    kind: 'permanent',
    code: 'setting-refused',
    hint: 'Set its address on its own pages, or reserve one for it in the router.',
  });
}

function ipv4Of(one: XmlElement): Ipv4 {
  const config = child(one, 'IPv4', 'Config');
  const dhcp = textAt(config, 'DHCP') === 'true';
  const order = dhcp ? ['FromDHCP', 'Manual', 'LinkLocal'] : ['Manual', 'FromDHCP', 'LinkLocal'];
  const present = order.map((name) => child(config, name)).find((found) => textAt(found, 'Address'));
  return {
    interfaceToken: one.attributes.token ?? '',
    address: textAt(present, 'Address') ?? '',
    prefixLength: Number(textAt(present, 'PrefixLength') ?? 0),
    dhcp,
  };
}

/** A camera may restart its network, or itself. */
const MOVE_MS = 45_000;
const RESTART_MS = 120_000;
const KNOCK_MS = 3_000;

/**
 * Gives the camera a static address, and waits until the camera with this serial number answers there. Resolves with the
 * connection to it. Rejects with `setting-ignored` if it goes on answering at the old address, or with `address-lost` if it
 * answers at neither: then nobody knows, and the message says so.
 */
export async function moveTo(
  connection: OnvifConnection,
  wanted: { address: string; prefixLength: number },
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<OnvifConnection> {
  const { serial } = await connection.identity();
  const { interfaceToken } = await readIpv4(connection, signal);
  const needsRestart = await tell(connection, setIpv4(interfaceToken, wanted), signal);
  if (needsRestart) await tell(connection, `<SystemReboot xmlns="${DEVICE}"/>`, signal);
  const target = { ...connection.target, host: wanted.address };
  const until = clock.monotonic() + (needsRestart ? RESTART_MS : MOVE_MS);
  while (clock.monotonic() < until) {
    const there = await knock(target, serial, { clock, signal });
    if (there) return there;
    await clock.sleep(1_000, signal);
    signal.throwIfAborted();
  }
  throw (await knock(connection.target, serial, { clock, signal }))
    ? notMoved(connection.target, wanted)
    : lost(connection.target, wanted);
}

/** Whether it says that it needs a restart. A camera that moves at once answers nobody. */
async function tell(connection: OnvifConnection, body: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (
      textAt(await connection.call({ service: 'device', body, signal, deadlineMs: 5_000 }), 'RebootNeeded') === 'true'
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure && ['timed-out', 'unreachable'].includes(error.code)) return false;
    throw error;
  }
}

function setIpv4(token: string, { address, prefixLength }: { address: string; prefixLength: number }): string {
  const manual = `<Manual><Address>${escapeXml(address)}</Address><PrefixLength>${prefixLength}</PrefixLength></Manual>`;
  return (
    `<SetNetworkInterfaces xmlns="${DEVICE}"><InterfaceToken>${escapeXml(token)}</InterfaceToken><NetworkInterface>` +
    `<Enabled xmlns="${SCHEMA}">true</Enabled><IPv4 xmlns="${SCHEMA}"><Enabled>true</Enabled>${manual}<DHCP>false</DHCP></IPv4>` +
    '</NetworkInterface></SetNetworkInterfaces>'
  );
}

/** The camera with this serial number, if it is there. */
async function knock(
  target: OnvifTarget,
  serial: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<OnvifConnection | undefined> {
  try {
    const connection = await OnvifConnection.open(target, { clock, signal, deadlineMs: KNOCK_MS });
    return (await connection.identity()).serial === serial ? connection : undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function notMoved({ host }: OnvifTarget, { address }: { address: string }): Failure {
  return new Failure(`The camera accepted the address ${address}, and still answers at ${host} only`, {
    kind: 'permanent',
    code: 'setting-ignored',
    hint: 'Set it on the camera’s own pages, or reserve the address for it in the router.',
  });
}

function lost({ host }: OnvifTarget, { address }: { address: string }): Failure {
  return new Failure(`The camera was told to move to ${address}, and answers neither there nor at ${host}`, {
    kind: 'transient',
    code: 'address-lost',
    hint: 'Look for it: nvr-uplink discover. It may need a restart, or another network than this machine is in.',
  });
}
