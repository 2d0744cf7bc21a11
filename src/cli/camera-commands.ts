import type { Command } from 'commander';
import type { Declare } from './program.js';

const SETTINGS = `
Settings (of the main stream; sub.fps=10 and the like are the small one's):
  resolution=1920x1080  fps=15  bitrate=4Mbit  codec=h264|h265  gop=2s
  timezone=Europe/Copenhagen  ntp=dhcp|SERVER[,SERVER]  clock=now
  hostname=NAME  ip=192.168.1.30/24  gateway=192.168.1.1
  dns=dhcp|SERVER[,SERVER]
Each is written, read back and compared. A new address is confirmed there, or
reported as lost.`;

/** `discover` and `camera …`. Returns every command, for the options that all have. */
export function declareCameraCommands(program: Command, action: Declare): Command[] {
  const find = withSignIn(program.command('discover'))
    .description('find cameras on the network, and say who they are and what they stream')
    .argument(
      '[address...]',
      'ask these instead of the network: 192.168.1.20, https://192.168.1.20, rtsp://192.168.1.20/stream1',
    )
    .option('--add', 'write new ones into the configuration, and the new address of those that moved')
    .option('--save-password', 'with --add: put the password into .env, beside the configuration file')
    .option('--wait <time>', 'how long to listen', '5s')
    .option('--interface <name...>', 'only on these networks (default: all)');
  action(find, async () => (await import('./discover.js')).discover);

  const camera = program.command('camera').description('check and set up a camera');
  const check = withSignIn(camera.command('check'))
    .description('hold a camera against what a good installation needs, and say how to mend it')
    .argument('<camera>', 'its name in the configuration, or its address')
    .option('--seconds <number>', 'how long to watch its streams', '8');
  action(check, async () => (await import('./camera-check.js')).cameraCheck);

  const set = withSignIn(camera.command('set'))
    .description('change settings of a camera, and prove that it took them')
    .argument('<camera>', 'its name in the configuration, or its address')
    .argument('[setting...]', 'NAME=VALUE')
    .option('-n, --dry-run', 'say what would change')
    .option('--new-password', 'set a new password (asked for), and sign in with it')
    .option('--new-password-file <file>', 'the new password, from a file')
    .option('--user <name>', 'whose password; one that is not there is made (default: the one we sign in as)')
    .option('--level <level>', 'of that user: Administrator, Operator or User')
    .addHelpText('after', SETTINGS);
  action(set, async () => (await import('./camera-set.js')).cameraSet);

  const apply = camera
    .command('apply')
    .description('give cameras the settings of the configuration (`camera_settings`, `cameras.NAME.set`)')
    .argument('[name...]', 'only these (default: all)')
    .option('-n, --dry-run', 'say what would change');
  action(apply, async () => (await import('./camera-apply.js')).cameraApply);
  const snapshot = withSignIn(camera.command('snapshot'))
    .description('a picture of this moment: by the camera, else by the recorder, else from its stream')
    .argument('<camera>', 'its name in the configuration, or its address')
    .requiredOption('-o, --output <file>', 'where to write the JPEG; - is standard output');
  action(snapshot, async () => (await import('./camera-snapshot.js')).cameraSnapshot);
  return [find, camera, check, set, apply, snapshot];
}

function withSignIn(command: Command): Command {
  return command
    .option('--username <name>', 'sign in as this user (default: as the configuration says)')
    .option(
      '--password-file <file>',
      'with this password; - is standard input (default: $NVR_UPLINK_CAMERA_PASSWORD, or asked for)',
    )
    .option('--certificate <fingerprint>', 'SHA-256 of the certificate, for cameras that speak HTTPS');
}
