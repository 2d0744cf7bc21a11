import * as z from 'zod';
import { headersOf, headerText, urlProblem } from './remote-schema.js';

const text = z.string().min(1);

/** Who is told what is wrong, each by an address that takes messages. */
export const alertsSchema = z.record(
  z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, { error: '1 to 63 of a-z, 0-9 and "-"' }),
  z
    .strictObject({
      /** `json`: a webhook; `ntfy`: a topic of ntfy.sh or of a server of one's own. */
      type: z.enum(['json', 'ntfy']).default('json'),
      /** It may be a secret in itself; it is never shown. */
      url: text,
      /** Sent as `Authorization: Bearer …`. */
      token: headerText.optional(),
      headers: headersOf.optional(),
      ca_file: text.optional(),
      allow_cleartext: z.boolean().default(false),
    })
    .superRefine(({ url, allow_cleartext: allowsCleartext }, context) => {
      const problem = urlProblem(url, allowsCleartext);
      if (problem) context.addIssue({ code: 'custom', path: ['url'], message: problem });
    }),
);
