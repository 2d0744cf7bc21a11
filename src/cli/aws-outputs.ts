import { parseDocument, stringify } from 'yaml';
import { loadDeployment } from '../config/deployment.js';
import { setSetting } from '../config/edit.js';
import { editFile } from '../config/file.js';
import { connectAws } from '../operate/aws/clients.js';
import { type Deployed, readDeployed } from '../operate/aws/deployed.js';
import { recorderSettings, type Wanted } from '../operate/aws/settings.js';
import { type Context, EXIT, type GlobalOptions, print, printJson } from './context.js';
import { usage } from './format.js';

interface OutputsOptions extends GlobalOptions {
  site?: string;
  write?: string | true;
  dryRun?: boolean;
}

/** `nvr-uplink aws outputs`: what the stacks tell, in the words of the configuration; with `--write`, into it. */
export async function awsOutputs(context: Context, options: OutputsOptions): Promise<number> {
  const { deployment, path } = loadDeployment(options.config ?? context.env.NVR_UPLINK_CONFIG);
  const clients = connectAws(deployment.region);
  try {
    const deployed = await readDeployed(deployment, clients);
    const site = options.site ?? (deployment.sites.length === 1 ? deployment.sites[0]!.name : undefined);
    if (site === undefined) throw usage(`There are ${deployment.sites.length} sites`, 'Choose one with --site NAME.');
    const wanted = recorderSettings(deployment, deployed, site);
    if (options.write === undefined) show(context, options, deployed, wanted);
    else await write(context, options, options.write === true ? path : options.write, wanted);
    return EXIT.ok;
  } finally {
    clients.close();
  }
}

function show(context: Context, options: OutputsOptions, deployed: Deployed, wanted: readonly Wanted[]): void {
  if (options.json) {
    printJson(context, { ...deployed, settings: asTree(wanted) });
    return;
  }
  print(context, stringify(asTree(wanted), { lineWidth: 0 }).trimEnd());
  const { endpoint, viewerRole, directUsers } = deployed;
  const facts = [
    ...(endpoint && endpoint.host !== endpoint.awsHost ? [`CNAME     ${endpoint.host} → ${endpoint.awsHost}`] : []),
    ...(endpoint && endpoint.addresses.length > 0 ? [`addresses ${endpoint.addresses.join(', ')}`] : []),
    ...(viewerRole ? [`viewer    ${viewerRole}`] : []),
    ...Object.entries(directUsers).map(([site, user]) => `IAM user  ${user} (${site})`),
  ];
  if (facts.length > 0) print(context, `\n${facts.map((line) => `# ${line}`).join('\n')}`);
}

async function write(
  context: Context,
  options: OutputsOptions,
  file: string | undefined,
  wanted: readonly Wanted[],
): Promise<void> {
  if (file === undefined) throw usage('There is no configuration to write to', 'Name one: --write FILE');
  const changed: string[] = [];
  const edit = (text: string) =>
    wanted.reduce((edited, { path, value }) => {
      const next = setSetting(edited, path, value);
      if (next !== edited) changed.push(path.join('.'));
      return next;
    }, text);
  if (options.dryRun) {
    // Works on what is there, and keeps the result to itself.
    await editFile(file, (text) => {
      edit(text);
      return text;
    });
  } else await editFile(file, edit);
  if (options.json) printJson(context, { file, changed, dryRun: options.dryRun === true });
  else if (changed.length === 0) print(context, `${file} says so already.`);
  else print(context, `${file}: ${options.dryRun ? 'would change' : 'changed'} ${changed.join(', ')}`);
}

function asTree(wanted: readonly Wanted[]): unknown {
  const document = parseDocument('');
  for (const { path, value } of wanted) document.setIn(path, document.createNode(value));
  return document.toJS();
}
