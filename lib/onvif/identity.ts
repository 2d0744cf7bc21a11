import type { Cam } from 'onvif';
import { Failure } from '../errors.js';
import { booleanAt } from './camera-clock.js';
import { GONE } from './failures.js';
import { neighbours, normalMac } from './neighbours.js';
import { scopeFacts } from './scopes.js';
import type { ServiceName } from './services.js';
import { child, children, textAt, type XmlElement } from './xml.js';

/** Who a camera is. All text as it stands in the reply: `5.40` is a firmware, not a number. */
export interface OnvifIdentity {
  manufacturer: string;
  model: string;
  firmware: string;
  serial: string;
  hardwareId: string;
  /** What its owner called it, or else its host name; empty if it has neither. */
  name: string;
  /** `aa:bb:cc:dd:ee:ff`. */
  mac: string | undefined;
  /** As in discovery, in lower case; few cameras tell it here. */
  uuid: string | undefined;
}

type Ask = (service: ServiceName, write: (cam: Cam) => void) => Promise<XmlElement>;

/** `information` is the reply to `GetDeviceInformation`; the rest is asked for, and may be refused one by one. */
export async function identityOf(information: XmlElement, host: string, ask: Ask): Promise<OnvifIdentity> {
  const optional = async (write: (cam: Cam) => void) => {
    try {
      return await ask('device', write);
    } catch (error) {
      if (error instanceof Failure && !GONE.includes(error.code)) return undefined;
      throw error;
    }
  };
  const text = (name: string) => textAt(information, name) ?? '';
  const scopes = await optional((cam) => cam.getScopes(() => undefined));
  const items = children(scopes, 'Scopes').map((one) => textAt(one, 'ScopeItem') ?? '');
  const facts = scopeFacts(items);
  const interfaces = await optional((cam) => cam.getNetworkInterfaces(() => undefined));
  const hostname = facts.name ? undefined : await optional((cam) => cam.getHostname(() => undefined));
  return {
    manufacturer: text('Manufacturer'),
    model: text('Model'),
    firmware: text('FirmwareVersion'),
    serial: text('SerialNumber'),
    hardwareId: text('HardwareId'),
    name: facts.name ?? textAt(hostname, 'HostnameInformation', 'Name') ?? '',
    mac: facts.mac ?? interfaceMac(interfaces, host) ?? (await neighbours()).get(host),
    uuid: uuidIn(items.join(' ')),
  };
}

/** Of the interface with the address we talk to, or else of the first that is on. */
function interfaceMac(reply: XmlElement | undefined, host: string): string | undefined {
  const all = children(reply, 'NetworkInterfaces').filter((one) => booleanAt(one, 'Enabled') !== false);
  const ours = all.find((one) => addressesIn(child(one, 'IPv4')).includes(host));
  for (const one of ours ? [ours, ...all] : all) {
    const mac = normalMac(textAt(one, 'Info', 'HwAddress'));
    if (mac) return mac;
  }
  return undefined;
}

function addressesIn(element: XmlElement | undefined): string[] {
  if (!element) return [];
  const inside = element.children.flatMap(addressesIn);
  return element.name === 'Address' ? [element.text.trim(), ...inside] : inside;
}

/** The UUID in an endpoint reference, whatever stands around it. */
export function uuidIn(text: string): string | undefined {
  return /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i.exec(text)?.[0].toLowerCase();
}
