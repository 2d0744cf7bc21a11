import * as z from 'zod';
import { isGroup } from './remote-schema.js';

/** The broker over which others tell of motion. */
export const mqttSchema = z
  .strictObject({
    url: z.string().superRefine((value, context) => {
      const message = urlProblem(value);
      if (message) context.addIssue({ code: 'custom', message });
    }),
    username: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    /** Motion is told to `TOPIC/CAMERA/motion/set`. */
    topic: z
      .string()
      .regex(/^[^+#\0/][^+#\0]*[^+#\0/]$|^[^+#\0/]$/, { error: 'a topic without + and #, and without / at its ends' })
      .default('nvr-uplink'),
    /** For `mqtts://`: the authority that signed the broker's certificate, where it is no public one. */
    ca_file: z.string().min(1).optional(),
  })
  .refine(({ username, password }) => password === undefined || username !== undefined, {
    path: ['username'],
    error: 'a password needs a username',
    when: isGroup,
  });

function urlProblem(value: string): string | undefined {
  const form = 'write mqtt://ADDRESS[:PORT] or mqtts://ADDRESS[:PORT]';
  if (!URL.canParse(value)) return `not a URL; ${form}`;
  const { protocol, username, password, hostname, pathname } = new URL(value);
  if (protocol !== 'mqtt:' && protocol !== 'mqtts:') return `"${protocol}//" is not supported; ${form}`;
  if (username || password) return 'sign-in details do not belong in the URL; use `username` and `password`';
  if (hostname === '' || !['', '/'].includes(pathname)) return form;
  return undefined;
}
