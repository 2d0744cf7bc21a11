import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { type AccessSecret, parseAccessSecret } from '../../src/config/access-secret.js';
import { type Directory, decide, type SignInEvent, type SignInReply, type SiteRecord } from './sign-in.js';

/** Runs on Lambda: Transfer Family asks it about every sign-in. */

const parameters = new SSMClient({});
const secrets = new SecretsManagerClient({});
/** Both end in `/`; the user's name follows. */
const { SITES_PATH = '', SECRETS_PATH = '' } = process.env;

const directory: Directory = {
  async site(name): Promise<SiteRecord | undefined> {
    try {
      const { Parameter } = await parameters.send(new GetParameterCommand({ Name: SITES_PATH + name }));
      return JSON.parse(Parameter!.Value!) as SiteRecord;
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  },
  async secret(name): Promise<AccessSecret | undefined> {
    try {
      const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: SECRETS_PATH + name }));
      return SecretString === undefined ? undefined : parseAccessSecret(SecretString);
    } catch (error) {
      // Also what a secret without any value answers.
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  },
};

export async function handler(event: SignInEvent): Promise<SignInReply> {
  const { reply, outcome } = await decide(event, directory);
  const { username, protocol, serverId, sourceIp } = event;
  // Never the event as a whole: it holds the password.
  console.log(JSON.stringify({ event: 'sign-in', outcome, username, protocol, serverId, sourceIp }));
  return reply;
}
