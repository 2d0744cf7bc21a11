import type { ImagingSettings } from './device-settings.js';
import { SOURCE } from './onvif-media-common.js';
import type { Device, Operation, ServiceFactory } from './onvif-service.js';
import { find, type SoapElement, textAt } from './soap.js';
import { leaf, noSuch, SoapFault, tag } from './soap-reply.js';

/** The imaging service (ONVIF imaging, ver20): numbers that are kept. The picture stays as it was drawn. */
export const imagingService: ServiceFactory = (device) => ({ name: 'imaging', operations: imagingOperations(device) });

/** As the schema orders them. */
const NAMES = {
  brightness: 'Brightness',
  colorSaturation: 'ColorSaturation',
  contrast: 'Contrast',
  sharpness: 'Sharpness',
} as const satisfies Record<keyof ImagingSettings, string>;

const [MIN, MAX] = [0, 100];

function imagingOperations({ settings }: Device): Record<string, Operation> {
  const entries = Object.entries(NAMES) as [keyof ImagingSettings, string][];
  return {
    GetServiceCapabilities: () => reply('GetServiceCapabilities', '<timg:Capabilities ImageStabilization="false"/>'),
    GetImagingSettings: ({ request: { body } }) => {
      checkSource(body);
      const values = entries.map(([key, name]) => leaf(`tt:${name}`, settings.imaging[key]));
      return reply('GetImagingSettings', tag('timg:ImagingSettings', ...values));
    },
    GetOptions: ({ request: { body } }) => {
      checkSource(body);
      const ranges = entries.map(([, name]) => tag(`tt:${name}`, leaf('tt:Min', MIN), leaf('tt:Max', MAX)));
      return reply('GetOptions', tag('timg:ImagingOptions', ...ranges));
    },
    SetImagingSettings: ({ request: { body } }) => {
      checkSource(body);
      const wanted = find(body, 'ImagingSettings');
      const given = entries.flatMap(([key, name]) => {
        const text = textAt(wanted, name);
        return text === undefined ? [] : [[key, Number(text)] as const];
      });
      if (!given.every(([, value]) => value >= MIN && value <= MAX))
        throw new SoapFault('Sender', ['InvalidArgVal', 'SettingsInvalid'], `Values are from ${MIN} to ${MAX}`);
      Object.assign(settings.imaging, Object.fromEntries(given));
      return reply('SetImagingSettings');
    },
  };
}

function checkSource(body: SoapElement): void {
  const token = textAt(body, 'VideoSourceToken');
  if (token !== SOURCE) throw noSuch('NoSource', `video source: ${token}`);
}

function reply(operation: string, ...content: string[]): string {
  return tag(`timg:${operation}Response xmlns:timg="http://www.onvif.org/ver20/imaging/wsdl"`, ...content);
}
