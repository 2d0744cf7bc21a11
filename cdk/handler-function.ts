import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { buildSync } from 'esbuild';

export interface HandlerFunctionProps {
  /** A file of `cdk/handlers/`, without `.ts`. */
  readonly handler: string;
  readonly description: string;
  readonly environment: Record<string, string>;
  /** @default 10 seconds */
  readonly timeout?: Duration;
  /** Megabytes. @default 256 */
  readonly memorySize?: number;
  /**
   * Laid beside the code as `settings.json`, for what does not fit into 4 KB of environment. No tokens: it is read at synth.
   * @default - none
   */
  readonly settings?: unknown;
}

const FOLDER = fileURLToPath(new URL('handlers/', import.meta.url));

/** A Lambda function of ours: one file, made of TypeScript at synth, on Node's own AWS SDK. Needs neither Docker nor the network. */
export class HandlerFunction extends LambdaFunction {
  constructor(scope: Construct, id: string, props: HandlerFunctionProps) {
    const logGroup = new LogGroup(scope, `${id}Log`, {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    // Not the role CDK would make: that one may write every log of the account.
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(role);
    super(scope, id, {
      ...{ role, logGroup, description: props.description, environment: props.environment },
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: handlerCode(props.handler, props.settings),
      timeout: props.timeout ?? Duration.seconds(10),
      memorySize: props.memorySize ?? 256,
    });
  }
}

/** Hashed by ourselves: CDK would go by the folder, and take the second handler of it for the first. */
function handlerCode(handler: string, settings: unknown): Code {
  const files = { 'index.mjs': bundleHandler(handler), ...settingsFile(settings) };
  return Code.fromAsset(FOLDER, {
    assetHashType: AssetHashType.CUSTOM,
    assetHash: createHash('sha256').update(JSON.stringify(files)).digest('hex'),
    bundling: {
      // Never pulled: the local bundling below always succeeds.
      image: DockerImage.fromRegistry('none'),
      local: {
        tryBundle(outputDir: string): boolean {
          for (const [name, text] of Object.entries(files)) writeFileSync(join(outputDir, name), text);
          return true;
        },
      },
    },
  });
}

function settingsFile(settings: unknown): Record<string, string> {
  return settings === undefined ? {} : { 'settings.json': JSON.stringify(settings) };
}

/** What runs on Lambda, as the text of one file. The SDK is part of the runtime. */
export function bundleHandler(handler: string): string {
  const { outputFiles } = buildSync({
    ...{ entryPoints: [join(FOLDER, `${handler}.ts`)], bundle: true, write: false },
    ...{ platform: 'node', format: 'esm', target: 'node22', external: ['@aws-sdk/*'], logLevel: 'warning' },
  });
  return outputFiles[0]!.text;
}
