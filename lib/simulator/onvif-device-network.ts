import { isIPv4 } from 'node:net';
import { hostXml, readHost } from './onvif-device-time.js';
import type { Device, Operation } from './onvif-service.js';
import { find, findAll, textAt } from './soap.js';
import { badValue, leaf, noSuch, SoapFault, tag } from './soap-reply.js';

const INTERFACE = 'eth0';

/** Host name, addresses, gateway, DNS. A new address holds at once: the camera is gone from the old one. */
export function networkOperations(device: Device): Record<string, Operation> {
  const { settings } = device;
  return {
    GetHostname: () => {
      const { name, fromDhcp } = settings.hostname;
      const information = tag('tds:HostnameInformation', leaf('tt:FromDHCP', fromDhcp), leaf('tt:Name', name));
      return tag('tds:GetHostnameResponse', information);
    },
    SetHostname: ({ request: { body } }) => {
      const name = textAt(body, 'Name') ?? '';
      const isName = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(name);
      if (!isName) throw new SoapFault('Sender', ['InvalidArgVal', 'InvalidHostname'], `Not a host name: ${name}`);
      settings.hostname = { name, fromDhcp: false };
      return '<tds:SetHostnameResponse/>';
    },
    GetNetworkInterfaces: (call) => tag('tds:GetNetworkInterfacesResponse', interfaceXml(device, call)),
    SetNetworkInterfaces: ({ request: { body } }) => {
      const token = textAt(body, 'InterfaceToken');
      if (token !== INTERFACE) throw noSuch('InvalidNetworkInterface', `network interface: ${token}`);
      const ipv4 = find(body, 'NetworkInterface', 'IPv4');
      const manual = find(ipv4, 'Manual');
      const dhcp = textAt(ipv4, 'DHCP') === 'true';
      const { address: before, prefixLength: length } = settings.network;
      const address = manual && !dhcp ? (textAt(manual, 'Address') ?? '') : before;
      const prefixLength = Number(textAt(manual, 'PrefixLength') ?? length);
      const valid = isIPv4(address) && Number.isInteger(prefixLength) && prefixLength >= 1 && prefixLength <= 32;
      if (!valid) throw new SoapFault('Sender', ['InvalidArgVal', 'InvalidIPv4Address'], `Not an address: ${address}`);
      settings.network = { address, prefixLength, dhcp };
      if (address !== before) device.move();
      return tag('tds:SetNetworkInterfacesResponse', leaf('tds:RebootNeeded', false));
    },
    GetNetworkDefaultGateway: () => {
      const addresses = settings.gateways.map((gateway) => leaf('tt:IPv4Address', gateway));
      return tag('tds:GetNetworkDefaultGatewayResponse', tag('tds:NetworkGateway', ...addresses));
    },
    SetNetworkDefaultGateway: ({ request: { body } }) => {
      const wanted = findAll(body, 'IPv4Address').map(({ text }) => text);
      const bad = wanted.find((address) => !isIPv4(address));
      if (bad !== undefined) throw badValue('gateway', bad);
      settings.gateways = wanted;
      return '<tds:SetNetworkDefaultGatewayResponse/>';
    },
    GetDNS: () => {
      const { fromDhcp, servers, searchDomains } = settings.dns;
      const domains = searchDomains.map((domain) => leaf('tt:SearchDomain', domain));
      const manual = servers.map((server) => hostXml('tt:DNSManual', server));
      const information = tag('tds:DNSInformation', leaf('tt:FromDHCP', fromDhcp), ...domains, ...manual);
      return tag('tds:GetDNSResponse', information);
    },
    SetDNS: ({ request: { body } }) => {
      const servers = findAll(body, 'DNSManual').map(readHost);
      const searchDomains = findAll(body, 'SearchDomain').map(({ text }) => text);
      settings.dns = { fromDhcp: textAt(body, 'FromDHCP') === 'true', servers, searchDomains };
      return '<tds:SetDNSResponse/>';
    },
    GetNetworkProtocols: () =>
      tag(
        'tds:GetNetworkProtocolsResponse',
        ...Object.entries(device.ports()).map(([name, port]) =>
          tag('tds:NetworkProtocols', leaf('tt:Name', name), leaf('tt:Enabled', true), leaf('tt:Port', port)),
        ),
      ),
  };
}

function interfaceXml({ identity, settings }: Device, call: { origin: string }): string {
  const { address, prefixLength, dhcp } = settings.network;
  // Listening everywhere, it is where it was reached.
  const shown = address === '0.0.0.0' ? new URL(call.origin).hostname : address;
  const place = tag(
    dhcp ? 'tt:FromDHCP' : 'tt:Manual',
    leaf('tt:Address', shown),
    leaf('tt:PrefixLength', prefixLength),
  );
  const info = leaf('tt:Name', INTERFACE) + leaf('tt:HwAddress', identity.mac) + leaf('tt:MTU', 1500);
  return tag(
    `tds:NetworkInterfaces token="${INTERFACE}"`,
    leaf('tt:Enabled', true),
    tag('tt:Info', info),
    tag('tt:IPv4', leaf('tt:Enabled', true), tag('tt:Config', place, leaf('tt:DHCP', dhcp))),
  );
}
