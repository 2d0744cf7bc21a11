import type { SignInEvent, SignInReply } from '../../cdk/handlers/sign-in.js';
import { accessSecretOf } from '../../src/config/access-secret.js';
import { deployment, synthesize } from '../cdk/synthesized.js';
import { type LoadedLambda, loadLambda } from './lambda.js';
import { AwsError, ScriptedAws } from './scripted-aws.js';

export const BUCKET = 'archive-1';

type Resources = Record<string, { Type: string; Properties: Record<string, unknown> }>;

/**
 * The function that is deployed, as the one file that is deployed. Parameters and environment come from the synthesized
 * template; only Amazon's own services behind it are scripted.
 */
export class DeployedSignIn {
  /** Secrets by their whole name. */
  readonly secrets = new Map<string, string>();
  readonly asked: SignInEvent[] = [];

  private constructor(
    readonly aws: ScriptedAws,
    readonly lambda: LoadedLambda<SignInEvent, SignInReply>,
  ) {}

  static async start(yaml: string): Promise<DeployedSignIn> {
    const resources: Resources = synthesize(deployment(yaml)).template('Transfer').toJSON().Resources;
    const parameters = parametersOf(resources);
    const aws = await ScriptedAws.start({
      'AmazonSSM.GetParameter': ({ Name }) => {
        const Value = parameters.get(String(Name));
        if (Value === undefined) throw new AwsError('ParameterNotFound', '');
        return { Parameter: { Name, Value } };
      },
      'secretsmanager.GetSecretValue': ({ SecretId }) => {
        const SecretString = signIn.secrets.get(String(SecretId));
        if (SecretString === undefined) throw new AwsError('ResourceNotFoundException', 'no such secret');
        return { SecretString };
      },
    });
    const environment = { ...aws.environment, ...environmentOf(resources) };
    const signIn = new DeployedSignIn(aws, await loadLambda('identity-provider', environment));
    return signIn;
  }

  async setPassword(site: string, password: string): Promise<void> {
    this.secrets.set(`NvrUplinkTransfer/passwords/${site}`, await accessSecretOf(password));
  }

  /** As Transfer Family asks it. */
  readonly ask = (event: SignInEvent): Promise<SignInReply> => {
    this.asked.push(event);
    return this.lambda.handler(event);
  };

  async stop(): Promise<void> {
    await this.lambda.remove();
    await this.aws.stop();
  }
}

/** What CloudFormation puts into the parameters: roles have the name of their logical id, the bucket one of its own. */
function parametersOf(resources: Resources): Map<string, string> {
  const text = (node: unknown): string => {
    if (typeof node === 'string') return node;
    const [[name, argument]] = Object.entries(node as Record<string, never>) as [[string, never]];
    if (name === 'Fn::Join') return (argument[1] as unknown[]).map(text).join(argument[0]);
    if (name === 'Fn::GetAtt') return `arn:aws:iam::123456789012:role/${argument[0]}`;
    if (name === 'Fn::GetStackOutput') return BUCKET;
    throw new Error(`cannot resolve ${name}`);
  };
  const all = Object.values(resources).filter(({ Type }) => Type === 'AWS::SSM::Parameter');
  return new Map(all.map(({ Properties: { Name, Value } }) => [String(Name), text(Value)]));
}

function environmentOf(resources: Resources): Record<string, string> {
  const functions = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::Function');
  if (functions.length !== 1) throw new Error(`There are ${functions.length} functions`);
  return (functions[0]!.Properties.Environment as { Variables: Record<string, string> }).Variables;
}
