import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { deployment, type Example, example, synthesize } from './synthesized.js';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIK0wmN/Cr3JXqmLW7u+g9pTh+wyqDHpSQEIQczXkVx9q recorder';

const transferOf = (name: Example) => synthesize(example(name)).template('Transfer');
const one = (template: Template, type: string) => {
  const all = Object.values(template.findResources(type));
  expect(all).toHaveLength(1);
  return all[0]!.Properties;
};

describe('the endpoint', () => {
  it('on a public address: SFTP, users that AWS manages, and nothing left to defaults of 2018', () => {
    const server = one(transferOf('two-cameras'), 'AWS::Transfer::Server');
    expect(server).toMatchObject({
      ...{ Domain: 'S3', EndpointType: 'PUBLIC', Protocols: ['SFTP'], IdentityProviderType: 'SERVICE_MANAGED' },
      SecurityPolicyName: 'TransferSecurityPolicy-2025-03',
      ProtocolDetails: { SetStatOption: 'ENABLE_NO_OP' },
      S3StorageOptions: { DirectoryListingOptimization: 'ENABLED' },
    });
    expect(server.StructuredLogDestinations).toHaveLength(1);
    expect(server.EndpointDetails).toBeUndefined();
  });

  it('with FTPS: Elastic IPs in each zone, certificate, sign-in by Lambda, and resumption enforced', () => {
    const template = transferOf('vpc-sftp-ftps');
    const server = one(template, 'AWS::Transfer::Server');
    expect(server).toMatchObject({
      ...{ EndpointType: 'VPC', Protocols: ['SFTP', 'FTPS'], IdentityProviderType: 'AWS_LAMBDA' },
      Certificate: expect.stringContaining(':certificate/'),
      ProtocolDetails: { SetStatOption: 'ENABLE_NO_OP', TlsSessionResumptionMode: 'ENFORCED' },
      IdentityProviderDetails: { SftpAuthenticationMethods: 'PUBLIC_KEY' },
      Tags: [{ Key: 'transfer:customHostname', Value: 'upload.example.com' }],
    });
    const { SubnetIds, AddressAllocationIds, SecurityGroupIds } = server.EndpointDetails;
    expect([SubnetIds.length, AddressAllocationIds.length, SecurityGroupIds.length]).toEqual([2, 2, 1]);
    template.resourceCountIs('AWS::EC2::EIP', 2);
    template.resourceCountIs('AWS::EC2::NatGateway', 0);
  });

  it('is reached from the allowed ranges, on the ports that its protocols need, and reaches nobody', () => {
    const group = one(transferOf('vpc-sftp-ftps'), 'AWS::EC2::SecurityGroup');
    const open = group.SecurityGroupIngress.map(
      (rule: { CidrIp: string; FromPort: number; ToPort: number }) => `${rule.CidrIp} ${rule.FromPort}-${rule.ToPort}`,
    );
    const ports = ['22-22', '21-21', '8192-8200'];
    expect(open).toEqual([
      ...ports.map((range) => `198.51.100.0/24 ${range}`),
      ...ports.map((range) => `203.0.113.7/32 ${range}`),
    ]);
    expect(group.SecurityGroupEgress).toMatchObject([{ IpProtocol: 'icmp', CidrIp: '255.255.255.255/32' }]);
  });

  it('inside a network: no address of the internet, and none of it let in', () => {
    const template = synthesize(
      deployment(
        `aws: { transfer: { protocols: [ftp], endpoint: vpc-internal, identity: lambda, vpc: { id: vpc-01234567, subnets: [subnet-01234567] } } }\nsites: { shop: { transport: ftp } }`,
      ),
    ).template('Transfer');
    template.resourceCountIs('AWS::EC2::EIP', 0);
    template.resourceCountIs('AWS::EC2::VPC', 0);
    const server = one(template, 'AWS::Transfer::Server');
    expect(server.EndpointDetails).toMatchObject({ VpcId: 'vpc-01234567', SubnetIds: ['subnet-01234567'] });
    expect(server.EndpointDetails.AddressAllocationIds).toBeUndefined();
    const { SecurityGroupIngress } = one(template, 'AWS::EC2::SecurityGroup');
    for (const { CidrIp } of SecurityGroupIngress) expect(CidrIp).toMatch(/^(10|172\.16|192\.168)\./);
  });

  it('takes as many zones as it is told, whatever region it comes to stand in', () => {
    transferOf('forty-sites').resourceCountIs('AWS::EC2::EIP', 3);
    const subnets = Object.values(transferOf('forty-sites').findResources('AWS::EC2::Subnet'));
    expect(subnets.map(({ Properties }) => Properties.AvailabilityZone['Fn::Select'][0])).toEqual([0, 1, 2]);
  });
});

describe('a site', () => {
  it('has a user, a key, a root and a role of its own', () => {
    const template = transferOf('forty-sites');
    const users = Object.values(template.findResources('AWS::Transfer::User')).map(({ Properties }) => Properties);
    expect(users).toHaveLength(40);
    const distinct = (values: unknown[]) => new Set(values.map((value) => JSON.stringify(value))).size;
    expect(distinct(users.map(({ UserName }) => UserName))).toBe(40);
    expect(distinct(users.map(({ SshPublicKeys }) => SshPublicKeys))).toBe(40);
    expect(distinct(users.map(({ Role }) => Role))).toBe(40);
    for (const { UserName, HomeDirectoryType, HomeDirectoryMappings } of users) {
      expect(HomeDirectoryType).toBe('LOGICAL');
      expect(HomeDirectoryMappings).toHaveLength(1);
      expect(HomeDirectoryMappings[0].Entry).toBe(`/${UserName}`);
      expect(HomeDirectoryMappings[0].Target['Fn::Join']).toEqual(['/', ['', expect.any(Object), UserName]]);
    }
  });

  it.each([
    ['two-cameras', { 'Fn::GetAtt': [Match.anyValue(), 'ServerId'] }],
    ['vpc-sftp-ftps', undefined],
  ] as const)(
    'of %s: its role is for Transfer Family alone, in this account, as a user of the server',
    (name, server) => {
      const roles = Object.values(
        transferOf(name).findResources('AWS::IAM::Role', { Properties: { Description: Match.anyValue() } }),
      ).map(({ Properties }) => Properties);
      const uploads = roles.filter(({ Description }) => Description?.startsWith('nvr-uplink: uploads of '));
      expect(uploads).toHaveLength(example(name).sites.length);
      for (const { AssumeRolePolicyDocument } of uploads) {
        const [statement, ...others] = AssumeRolePolicyDocument.Statement;
        expect(others).toEqual([]);
        expect(statement).toMatchObject({
          ...{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'transfer.amazonaws.com' } },
          Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
        });
        const source = JSON.stringify(statement.Condition.ArnLike['aws:SourceArn']);
        expect(source).toContain(':user/');
        expect(source.includes('ServerId')).toBe(server !== undefined);
      }
    },
  );

  it('with a password has a secret, which is empty until its hash is put there', () => {
    const secrets = transferOf('vpc-sftp-ftps').findResources('AWS::SecretsManager::Secret');
    expect(Object.values(secrets).map(({ Properties }) => Properties)).toEqual([
      { Name: 'ShopArchiveTransfer/passwords/warehouse', Description: expect.any(String) },
    ]);
  });

  it('is looked up by a function that only this server may call', () => {
    const template = transferOf('vpc-sftp-ftps');
    const permission = one(template, 'AWS::Lambda::Permission');
    expect(permission).toMatchObject({ Action: 'lambda:InvokeFunction', Principal: 'transfer.amazonaws.com' });
    const [server] = Object.keys(template.findResources('AWS::Transfer::Server'));
    expect(permission.SourceArn).toEqual({ 'Fn::GetAtt': [server, 'Arn'] });
  });
});

describe('without the endpoint', () => {
  it('sites are IAM users with the same rights, and no access key passes through the template', () => {
    const template = synthesize(example('s3-only')).template('Direct');
    template.resourceCountIs('AWS::IAM::User', 2);
    template.resourceCountIs('AWS::IAM::AccessKey', 0);
    expect(() => synthesize(example('s3-only')).stack('Transfer')).toThrow('no stack');
  });

  it('a site may go straight to S3 beside others that do not', () => {
    const mixed = deployment(`aws: { transfer: {} }\nsites: { aaa: { keys: [${KEY}] }, bbb: { transport: s3 } }`);
    const { template } = synthesize(mixed);
    template('Transfer').resourceCountIs('AWS::Transfer::User', 1);
    template('Direct').resourceCountIs('AWS::IAM::User', 1);
  });
});
