import { ensureFfmpeg } from '../../lib/ffmpeg/find.js';
import { startApp } from '../app-web.js';
import { loadConfig } from '../config/load.js';
import { abandonedProblem } from '../operate/conditions.js';
import { type Context, EXIT, type GlobalOptions, version } from './context.js';
import { serviceLog } from './service-log.js';

/** `nvr-uplink run`: the service in the foreground, until stopped. */
export async function run(context: Context, options: GlobalOptions): Promise<number> {
  const { config, origin } = loadConfig(options.config, context.env);
  const log = serviceLog(context, options);
  const ffmpeg = await ensureFfmpeg(context.env.NVR_UPLINK_FFMPEG, (line) => context.stderr.write(`${line}\n`));
  log.info(
    { version: version(), config: origin, ffmpeg: ffmpeg.path, ffmpegVersion: ffmpeg.version },
    'nvr-uplink starts',
  );
  const started = await startApp({ config, ffmpeg, clock: context.clock, log, version: version() });
  log.info(
    { url: started.url, user: started.access.username, passwordFile: started.access.passwordFile },
    'pages are up',
  );
  for (const { remote: name, files, bytes } of started.app.ledger.owed.abandoned(Object.keys(config.remotes))) {
    log.warn({ remote: name, files, bytes }, abandonedProblem({ name, files, bytes }));
  }
  await started.run(context.signal);
  log.info('stopped');
  return EXIT.ok;
}
