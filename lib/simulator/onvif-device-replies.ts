import { type OnvifIdentity, scopesOf } from './onvif-identity.js';
import { escapeXml } from './soap.js';

/** What the replies of the device service are made of. */
export interface DeviceFacts {
  identity: OnvifIdentity;
  /** Wall time in milliseconds. */
  now: number;
  address: string;
  deviceUrl: string;
  mediaUrl: string;
}

/** Bodies of the device service's replies, by operation (ONVIF device management, ver10). */
export const DEVICE_REPLIES: Record<string, (facts: DeviceFacts) => string> = {
  GetSystemDateAndTime: ({ now }) => {
    const time = new Date(now);
    const clock = `<tt:Hour>${time.getUTCHours()}</tt:Hour><tt:Minute>${time.getUTCMinutes()}</tt:Minute><tt:Second>${time.getUTCSeconds()}</tt:Second>`;
    const date = `<tt:Year>${time.getUTCFullYear()}</tt:Year><tt:Month>${time.getUTCMonth() + 1}</tt:Month><tt:Day>${time.getUTCDate()}</tt:Day>`;
    const both = `<tt:Time>${clock}</tt:Time><tt:Date>${date}</tt:Date>`;
    return (
      '<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>' +
      '<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>UTC0</tt:TZ></tt:TimeZone>' +
      `<tt:UTCDateTime>${both}</tt:UTCDateTime><tt:LocalDateTime>${both}</tt:LocalDateTime>` +
      '</tds:SystemDateAndTime></tds:GetSystemDateAndTimeResponse>'
    );
  },
  GetDeviceInformation: ({ identity }) =>
    `<tds:GetDeviceInformationResponse><tds:Manufacturer>${escapeXml(identity.manufacturer)}</tds:Manufacturer>` +
    `<tds:Model>${escapeXml(identity.model)}</tds:Model><tds:FirmwareVersion>${identity.firmware}</tds:FirmwareVersion>` +
    `<tds:SerialNumber>${identity.serial}</tds:SerialNumber><tds:HardwareId>${identity.hardware}</tds:HardwareId>` +
    '</tds:GetDeviceInformationResponse>',
  // Two services at least: a well-known client takes a single one for something else than a list of one.
  GetServices: ({ deviceUrl, mediaUrl }) =>
    `<tds:GetServicesResponse>${service('device', deviceUrl)}${service('media', mediaUrl)}</tds:GetServicesResponse>`,
  GetCapabilities: ({ deviceUrl, mediaUrl }) =>
    `<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Device><tt:XAddr>${deviceUrl}</tt:XAddr></tt:Device>` +
    `<tt:Media><tt:XAddr>${mediaUrl}</tt:XAddr><tt:StreamingCapabilities><tt:RTPMulticast>false</tt:RTPMulticast>` +
    '<tt:RTP_TCP>true</tt:RTP_TCP><tt:RTP_RTSP_TCP>true</tt:RTP_RTSP_TCP></tt:StreamingCapabilities></tt:Media>' +
    '</tds:Capabilities></tds:GetCapabilitiesResponse>',
  GetScopes: ({ identity }) => {
    const scopes = scopesOf(identity).map(
      (scope) =>
        `<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>${escapeXml(scope)}</tt:ScopeItem></tds:Scopes>`,
    );
    return `<tds:GetScopesResponse>${scopes.join('')}</tds:GetScopesResponse>`;
  },
  GetHostname: ({ identity }) =>
    `<tds:GetHostnameResponse><tds:HostnameInformation><tt:FromDHCP>false</tt:FromDHCP><tt:Name>${escapeXml(identity.name)}</tt:Name>` +
    '</tds:HostnameInformation></tds:GetHostnameResponse>',
  GetNetworkInterfaces: ({ identity, address }) =>
    '<tds:GetNetworkInterfacesResponse><tds:NetworkInterfaces token="eth0"><tt:Enabled>true</tt:Enabled>' +
    `<tt:Info><tt:Name>eth0</tt:Name><tt:HwAddress>${identity.mac}</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info>` +
    `<tt:IPv4><tt:Enabled>true</tt:Enabled><tt:Config><tt:Manual><tt:Address>${address}</tt:Address><tt:PrefixLength>24</tt:PrefixLength></tt:Manual>` +
    '<tt:DHCP>false</tt:DHCP></tt:Config></tt:IPv4></tds:NetworkInterfaces></tds:GetNetworkInterfacesResponse>',
  GetNetworkDefaultGateway: () =>
    '<tds:GetNetworkDefaultGatewayResponse><tds:NetworkGateway/></tds:GetNetworkDefaultGatewayResponse>',
  GetDNS: () =>
    '<tds:GetDNSResponse><tds:DNSInformation><tt:FromDHCP>false</tt:FromDHCP></tds:DNSInformation></tds:GetDNSResponse>',
};

function service(name: string, address: string): string {
  return (
    `<tds:Service><tds:Namespace>http://www.onvif.org/ver10/${name}/wsdl</tds:Namespace><tds:XAddr>${address}</tds:XAddr>` +
    '<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>'
  );
}
