import type { OnvifProfile } from './onvif-identity.js';
import type { Call, Device } from './onvif-service.js';
import { type SoapElement, textAt } from './soap.js';
import { leaf, noSuch, SoapFault, tag } from './soap-reply.js';

/** The one sensor, and how it is used. */
export const SOURCE = 'source';
const SOURCE_CONFIGURATION = 'source-configuration';

/** The profile a request names; a fault if there is none such. */
export function profileOf({ profiles }: Device, body: SoapElement, name: string): OnvifProfile {
  const token = textAt(body, name);
  const found = profiles.find(({ names }) => names.token === token);
  if (!found) throw noSuch('NoProfile', `profile: ${token}`);
  return found;
}

/** How the one sensor is used: the same for every profile. The element's name is the service's. */
export function sourceConfiguration(name: string, { sensor }: OnvifProfile): string {
  return tag(
    `${name} token="${SOURCE_CONFIGURATION}"`,
    leaf('tt:Name', 'source') + leaf('tt:UseCount', 2) + leaf('tt:SourceToken', SOURCE),
    `<tt:Bounds x="0" y="0" width="${sensor.width}" height="${sensor.height}"/>`,
  );
}

export function mediaUri(uri: string): string {
  return tag(
    'trt:MediaUri',
    leaf('tt:Uri', uri),
    leaf('tt:InvalidAfterConnect', false),
    leaf('tt:InvalidAfterReboot', false),
    leaf('tt:Timeout', 'PT0S'),
  );
}

/** Where the snapshot is, as the camera tells this client. */
export function snapshotUrl(device: Device, call: Call): string {
  const { persona, faults, settings, profiles } = device;
  if (!persona.snapshot) throw new SoapFault('Receiver', ['ActionNotSupported'], 'Optional Action Not Implemented');
  if (!faults.has('rtsp-snapshot')) return device.url(call, persona.snapshot.path);
  const { username, password } = settings.users[0]!;
  const sign = `${encodeURIComponent(username)}:${encodeURIComponent(password)}@`;
  return device.streamUrl(call, profiles[0]!).replace('://', `://${sign}`);
}
