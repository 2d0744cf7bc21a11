import * as z from 'zod';
import { messageOf } from '../../lib/errors.js';
import { compileTemplate } from '../../lib/name-template.js';
import { isTimezone } from './camera.js';
import { duration } from './units.js';

/** What `inbox` may hold: the ways in for what others deliver, and how their names are read. */

const LAYOUTS = ['auto', 'dahua', 'hikvision', 'foscam', 'axis', 'reolink', 'onvif'] as const;

const timezone = z.string().refine(isTimezone, { error: 'not an IANA time zone, e.g. Europe/Copenhagen' });

const layout = z.string().superRefine((value, context) => {
  const fault = (message: string) => context.addIssue({ code: 'custom', message });
  if ((LAYOUTS as readonly string[]).includes(value)) return;
  if (!value.includes('{')) {
    return fault(`write ${LAYOUTS.join(', ')}, or a template such as "{camera}/{YYYY}{MM}{DD}_{hh}{mm}{ss}.mp4"`);
  }
  try {
    compileTemplate(value);
  } catch (error) {
    fault(messageOf(error));
  }
});

/** Where something listens, so that the machine does not offer it on networks nobody thought of. */
const listen = z.string().regex(/^(?:\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$/, {
  error: 'write ADDRESS:PORT, with the address of the network the cameras are in, e.g. 192.168.1.10:2121',
});

const ports = z
  .string()
  .regex(/^\d{1,5}-\d{1,5}$/, { error: 'write FIRST-LAST, e.g. 50000-50050' })
  .transform((text) => text.split('-').map(Number) as [number, number])
  .refine(([first, last]) => first >= 1 && first <= last && last <= 65_535, {
    error: 'write FIRST-LAST, e.g. 50000-50050',
  });

const NETWORK = /^(?:[0-9.]+\/(?:[12]?\d|3[0-2])|[0-9a-fA-F:]+\/(?:\d{1,2}|1[01]\d|12[0-8]))$/;

/** @param cameraName the rule for names of cameras */
export function inboxSchema(cameraName: z.ZodType<string>) {
  const names = { layout: layout.default('auto'), camera: cameraName.optional(), timezone: timezone.optional() };
  const user = z.strictObject({
    password: z.string().min(8, { error: 'at least 8 characters' }),
    ...names,
  });
  const ftp = z.strictObject({
    listen,
    users: z
      .record(
        z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, { error: '1 to 63 of a-z, A-Z, 0-9, ".", "_" and "-"' }),
        user,
      )
      .refine((map) => Object.keys(map).length > 0, { error: 'no user is configured' }),
    /** Ports for the data; any free one without. */
    passive_ports: ports.optional(),
    /** What to tell clients to connect to, where they do not see the address we listen on. */
    passive_address: z.ipv4({ error: 'write an IPv4 address' }).optional(),
    tls: z
      .strictObject({
        certificate_file: z.string().min(1),
        key_file: z.string().min(1),
        /** Whether a sign-in in the clear is refused. */
        required: z.boolean().default(false),
      })
      .optional(),
    /** Networks beyond the private ones from which deliveries are taken. */
    allow: z.array(z.string().regex(NETWORK, { error: 'write a network, e.g. 203.0.113.0/24' })).default([]),
    connections: z.number().int().min(1).max(1_000).default(64),
    idle: duration.default(300_000),
  });
  const folder = z.strictObject({
    path: z.string().min(1),
    ...names,
    /** `keep` copies; `remove` moves what is whole into the spool, which then has it on disk. */
    originals: z.enum(['keep', 'remove']).default('keep'),
  });
  const labels = z.strictObject({
    /** What devices call it in names. */
    label: z.union([
      z
        .string()
        .min(1)
        .transform((one) => [one]),
      z.array(z.string().min(1)).min(1),
    ]),
    timezone: timezone.optional(),
  });
  return z.strictObject({
    ftp: ftp.optional(),
    folders: z
      .record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, { error: '1 to 63 of a-z, 0-9 and "-"' }), folder)
      .default({}),
    cameras: z.record(cameraName, labels).default({}).superRefine(checkLabels),
    /** The camera of what no rule knows. */
    catch_all: cameraName.default('unsorted'),
    /** A file whose size and time stay the same for so long is looked into. */
    settle: duration.default(10_000),
    /** For so long a file in a folder that is not whole may still become so. */
    patience: duration.default(3_600_000),
  });
}

/** Devices are not told apart by case; of two cameras of one label, the second would never get a file. */
function checkLabels(cameras: Record<string, { label: readonly string[] }>, context: z.RefinementCtx): void {
  const owners = new Map<string, string>();
  for (const [camera, { label: labels }] of Object.entries(cameras)) {
    for (const label of labels) {
      const owner = owners.get(label.toLowerCase()) ?? camera;
      owners.set(label.toLowerCase(), owner);
      if (owner === camera) continue;
      const message = `"${label}" is the label of \`inbox.cameras.${owner}\` already: a file cannot be of both; give each camera its own, with "/002" behind it for one channel of a device`;
      context.addIssue({ code: 'custom', path: [camera, 'label'], message });
    }
  }
}
