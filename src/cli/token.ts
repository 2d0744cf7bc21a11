import { join } from 'node:path';
import { loadConfig } from '../config/load.js';
import { TokenFile } from '../operate/tokens.js';
import { isName } from '../segment.js';
import { spoolLayout } from '../spool/layout.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { table, usage } from './format.js';
import { thereFor } from './storage-there.js';

function tokensOf(context: Context, options: GlobalOptions): TokenFile {
  const { config } = loadConfig(options.config, context.env);
  const { root } = spoolLayout(config.storage.dir);
  // Where this user may not look, none of its tokens are no answer. Creating one says itself that the folder is missing.
  thereFor(config, root);
  return new TokenFile(join(root, 'tokens.json'));
}

/** `nvr-uplink token create NAME`: shown once, kept as a hash. */
export async function tokenCreate(
  context: Context,
  options: GlobalOptions & { full?: boolean },
  name: string,
): Promise<number> {
  if (!isName(name)) throw usage(`${name} cannot name a token`, 'Use a-z, 0-9 and "-": what will use it, for example.');
  const scope = options.full ? 'full' : 'read';
  const token = await tokensOf(context, options).create(name, scope, context.clock.now());
  if (options.json) printJson(context, { name, scope, token });
  else {
    print(context, token);
    context.stderr.write(`It is shown this once. ${scope === 'read' ? 'It may only look' : 'It may do everything'}: `);
    context.stderr.write(
      `send it as "Authorization: Bearer …"${scope === 'read' ? ', or embed /latest?token=…' : ''}\n`,
    );
  }
  return EXIT.ok;
}

/** `nvr-uplink token list`. */
export async function tokenList(context: Context, options: GlobalOptions): Promise<number> {
  const tokens = tokensOf(context, options)
    .list()
    .map(({ name, scope, createdAt }) => ({ name, scope, createdAt }));
  if (options.json) printJson(context, tokens);
  else if (tokens.length === 0) print(context, 'There are no tokens.');
  else
    print(
      context,
      table(
        ['NAME', 'MAY', 'SINCE'],
        tokens.map((one) => [one.name, one.scope, one.createdAt]),
      ),
    );
  return EXIT.ok;
}

/** `nvr-uplink token revoke NAME`: worth nothing from the next request on. */
export async function tokenRevoke(context: Context, options: GlobalOptions, name: string): Promise<number> {
  if (await tokensOf(context, options).revoke(name)) {
    if (options.json) printJson(context, { revoked: name });
    else print(context, `${name} is worth nothing any more.`);
    return EXIT.ok;
  }
  throw usage(`There is no token named ${name}`, 'See: nvr-uplink token list');
}
