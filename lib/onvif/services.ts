import { children, textAt, type XmlElement } from './xml.js';

export type ServiceName =
  | 'device'
  | 'media'
  | 'media2'
  | 'events'
  | 'imaging'
  | 'analytics'
  | 'recording'
  | 'search'
  | 'replay'
  | 'deviceio'
  | 'ptz';

/** ONVIF's namespaces, without their version where it does not matter. Other ones are a maker's own, and left out. */
const NAMESPACE = /^https?:\/\/www\.onvif\.org\/(ver\d\d)\/(\w+)\/wsdl\/?$/i;

const NAMES: Record<string, ServiceName> = {
  device: 'device',
  media: 'media',
  events: 'events',
  imaging: 'imaging',
  analytics: 'analytics',
  recording: 'recording',
  search: 'search',
  replay: 'replay',
  deviceio: 'deviceio',
  ptz: 'ptz',
};

/** Addresses by service, as the camera writes them. */
export type Services = ReadonlyMap<ServiceName, string>;

/** From `GetServices`. A camera of profile T has two media services, of which the second version is `media2`. */
export function servicesOf(reply: XmlElement): Services {
  const found = new Map<ServiceName, string>();
  for (const service of children(reply, 'Service')) {
    const [, version, word = ''] = NAMESPACE.exec(textAt(service, 'Namespace') ?? '') ?? [];
    const name = nameOf(word);
    const address = textAt(service, 'XAddr');
    if (!name || !address) continue;
    found.set(name === 'media' && version?.toLowerCase() === 'ver20' ? 'media2' : name, address);
  }
  return found;
}

/** From `GetCapabilities`, for firmware older than `GetServices`: each capability with an address, extensions too. */
export function servicesOfCapabilities(reply: XmlElement): Services {
  const found = new Map<ServiceName, string>();
  const collect = (element: XmlElement) => {
    for (const one of element.children) {
      const name = nameOf(one.name);
      const address = textAt(one, 'XAddr');
      if (name && address) found.set(name, address);
      else if (one.name === 'Extension' || one.name === 'Capabilities') collect(one);
    }
  };
  collect(reply);
  return found;
}

function nameOf(word: string): ServiceName | undefined {
  const key = word.toLowerCase();
  return Object.hasOwn(NAMES, key) ? NAMES[key] : undefined;
}
