import { fixedScopes } from './onvif-identity.js';
import { type Device, type Operation, SERVICE_NAMESPACES, type ServiceName } from './onvif-service.js';
import { findAll } from './soap.js';
import { badValue, leaf, tag } from './soap-reply.js';

/** What a device is and has: identity, services, capabilities, scopes, and its restart. */
export function aboutOperations(device: Device): Record<string, Operation> {
  const { identity, persona, settings } = device;
  return {
    GetDeviceInformation: () =>
      tag(
        'tds:GetDeviceInformationResponse',
        leaf('tds:Manufacturer', identity.manufacturer),
        leaf('tds:Model', identity.model),
        leaf('tds:FirmwareVersion', identity.firmware),
        leaf('tds:SerialNumber', identity.serial),
        leaf('tds:HardwareId', identity.hardware),
      ),
    GetServices: (call) =>
      tag(
        'tds:GetServicesResponse',
        ...servicesOf(device).map(([name, path]) =>
          tag(
            'tds:Service',
            leaf('tds:Namespace', SERVICE_NAMESPACES[name]),
            leaf('tds:XAddr', device.url(call, path)),
            '<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version>',
          ),
        ),
      ),
    GetServiceCapabilities: () => {
      const { signIn } = persona;
      const security =
        `UsernameToken="${signIn.usernameToken}" HttpDigest="${signIn.digest.length > 0}" TLS1.2="true" ` +
        `RemoteUserHandling="false" MaxUsers="16"`;
      return tag(
        'tds:GetServiceCapabilitiesResponse',
        `<tds:Capabilities><tds:Network NTP="1" HostnameFromDHCP="true"/><tds:Security ${security}/>` +
          '<tds:System DiscoveryResolve="false" DiscoveryBye="false"/></tds:Capabilities>',
      );
    },
    GetCapabilities: (call) => tag('tds:GetCapabilitiesResponse', tag('tds:Capabilities', capabilities(device, call))),
    GetScopes: () =>
      tag(
        'tds:GetScopesResponse',
        ...fixedScopes(identity, persona).map((scope) => scopeXml('Fixed', scope)),
        ...settings.scopes.map((scope) => scopeXml('Configurable', scope)),
      ),
    SetScopes: ({ request }) => {
      const wanted = findAll(request.body, 'Scopes').map(({ text }) => text);
      const bad = wanted.find((scope) => !/^onvif:\/\/www\.onvif\.org\/\S+$/.test(scope));
      if (bad !== undefined || wanted.length === 0) throw badValue('scope', bad);
      settings.scopes = wanted;
      return '<tds:SetScopesResponse/>';
    },
    GetEndpointReference: () => tag('tds:GetEndpointReferenceResponse', leaf('tds:GUID', identity.urn)),
    GetDiscoveryMode: () => tag('tds:GetDiscoveryModeResponse', leaf('tds:DiscoveryMode', 'Discoverable')),
    SystemReboot: () => {
      device.reboot();
      return tag('tds:SystemRebootResponse', leaf('tds:Message', 'Rebooting'));
    },
  };
}

function servicesOf({ persona }: Device): [ServiceName, string][] {
  return Object.entries(persona.services) as [ServiceName, string][];
}

function scopeXml(kind: 'Fixed' | 'Configurable', scope: string): string {
  return tag('tds:Scopes', leaf('tt:ScopeDef', kind), leaf('tt:ScopeItem', scope));
}

/** The older way to learn of services: a fixed list, and an extension for what came later. */
function capabilities(device: Device, call: Parameters<Operation>[0]): string {
  const { services, events } = device.persona;
  const address = (path: string) => leaf('tt:XAddr', device.url(call, path));
  const pullPoint = !events.deniesPullPoint;
  const later = (['Recording', 'Search', 'Replay'] as const)
    .map((name) => [name, services[name.toLowerCase() as ServiceName]] as const)
    .filter(([, path]) => path !== undefined)
    .map(([name, path]) => tag(`tt:${name}`, address(path!)));
  return [
    tag('tt:Device', address(services.device)),
    services.events
      ? tag(
          'tt:Events',
          address(services.events),
          leaf('tt:WSSubscriptionPolicySupport', true),
          leaf('tt:WSPullPointSupport', pullPoint),
          leaf('tt:WSPausableSubscriptionManagerInterfaceSupport', false),
        )
      : '',
    services.imaging ? tag('tt:Imaging', address(services.imaging)) : '',
    tag(
      'tt:Media',
      address(services.media),
      tag(
        'tt:StreamingCapabilities',
        leaf('tt:RTPMulticast', false),
        leaf('tt:RTP_TCP', true),
        leaf('tt:RTP_RTSP_TCP', true),
      ),
    ),
    later.length > 0 ? tag('tt:Extension', ...later) : '',
  ].join('');
}
