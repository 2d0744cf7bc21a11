import { describe, expect, it } from 'vitest';
import { deployment, example, synthesize } from './synthesized.js';

const trust = (viewer: string) => {
  const { template } = synthesize(deployment(`aws: { viewer: { ${viewer} } }`));
  const [role] = Object.values(template('Viewer').findResources('AWS::IAM::Role'));
  return role!.Properties.AssumeRolePolicyDocument.Statement;
};

describe('the viewer', () => {
  it('is for this account, or for those that are named, and for nobody else', () => {
    expect(JSON.stringify(trust(''))).toContain(':iam::');
    expect(trust('')[0]).toMatchObject({ Effect: 'Allow', Action: 'sts:AssumeRole' });
    const named = trust("principals: ['arn:aws:iam::123456789012:user/ann', 'arn:aws:iam::123456789012:role/Police']");
    const principals = named.flatMap((one: { Principal: { AWS: string | string[] } }) => one.Principal.AWS);
    expect(principals.sort()).toEqual(['arn:aws:iam::123456789012:role/Police', 'arn:aws:iam::123456789012:user/ann']);
  });

  it('asks for a second factor where it is told to, of each of them', () => {
    const all = trust(
      "mfa: true, principals: ['arn:aws:iam::123456789012:user/ann', 'arn:aws:iam::123456789012:user/bo']",
    );
    for (const { Condition } of all) expect(Condition).toEqual({ Bool: { 'aws:MultiFactorAuthPresent': 'true' } });
    expect(trust('')[0].Condition).toBeUndefined();
  });

  it('may use the key of the archive, where it has one, to read alone', () => {
    const { template } = synthesize(example('locked-kms'));
    const [role] = Object.values(template('Viewer').findResources('AWS::IAM::Role'));
    const actions = role!.Properties.Policies[0].PolicyDocument.Statement.flatMap(
      ({ Action }: { Action: string | string[] }) => Action,
    );
    expect(actions.filter((action: string) => action.startsWith('kms:'))).toEqual(['kms:Decrypt']);
    expect(actions.filter((action: string) => /Put|Delete|Restore|Abort|Bypass/.test(action))).toEqual([]);
  });
});
