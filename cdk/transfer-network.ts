import { Fn, Stack, Validations } from 'aws-cdk-lib';
import { CfnEIP, CfnSecurityGroup, IpAddresses, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { CfnServer } from 'aws-cdk-lib/aws-transfer';
import { Construct } from 'constructs';
import type { TransferSettings } from '../src/config/deployment-schema.js';
import { argue } from './argued-checks.js';

export interface TransferNetworkProps {
  readonly settings: TransferSettings;
}

const ANYWHERE = ['0.0.0.0/0'];

/** Fixed by AWS; `PASV` and `EPSV` name one of 8192 to 8200. */
const PORTS: Record<TransferSettings['protocols'][number], { from: number; to: number; what: string }[]> = {
  sftp: [{ from: 22, to: 22, what: 'SFTP' }],
  ftps: [
    { from: 21, to: 21, what: 'FTPS control' },
    { from: 8192, to: 8200, what: 'FTPS data' },
  ],
  ftp: [
    { from: 21, to: 21, what: 'FTP control' },
    { from: 8192, to: 8200, what: 'FTP data' },
  ],
};

/** Where the endpoint stands: subnets in up to three zones, an Elastic IP in each where it faces the internet, and who may knock. */
export class TransferNetwork extends Construct {
  readonly endpointDetails: CfnServer.EndpointDetailsProperty;
  /** Addresses that stay, for firewalls and DNS; none on an internal endpoint. */
  readonly addresses: string[];

  constructor(scope: Construct, id: string, { settings }: TransferNetworkProps) {
    super(scope, id);
    const facesInternet = settings.endpoint === 'vpc';
    const { vpcId, subnetIds } = settings.vpc
      ? { vpcId: settings.vpc.id, subnetIds: settings.vpc.subnets }
      : this.#makeVpc(settings.zones, facesInternet);
    // One for each subnet, no more and no fewer.
    const eips = facesInternet ? subnetIds.map((_, index) => new CfnEIP(this, `Address${index + 1}`)) : [];
    this.addresses = eips.map((eip) => eip.attrPublicIp);
    this.endpointDetails = {
      vpcId,
      subnetIds,
      securityGroupIds: [this.#makeSecurityGroup(settings, vpcId)],
      ...(facesInternet && { addressAllocationIds: eips.map((eip) => eip.attrAllocationId) }),
    };
  }

  #makeVpc(zones: number, facesInternet: boolean): { vpcId: string; subnetIds: string[] } {
    const subnetType = facesInternet ? SubnetType.PUBLIC : SubnetType.PRIVATE_ISOLATED;
    const vpc = new Vpc(this, 'Vpc', {
      ipAddresses: IpAddresses.cidr('10.21.0.0/24'),
      availabilityZones: Array.from({ length: zones }, (_, index) => Fn.select(index, Fn.getAzs())),
      // The endpoint calls nobody.
      natGateways: 0,
      // CDK would empty the default group with a Lambda that may change every group; nothing here is in it.
      restrictDefaultSecurityGroup: false,
      subnetConfiguration: [{ name: 'Endpoint', subnetType, cidrMask: 27, mapPublicIpOnLaunch: false }],
    });
    argue(vpc, {
      rule: 'VPC7',
      reason:
        'Nothing but the endpoint is in it, and that logs each connection, refused ones too, by user and address; flow logs would bill for every packet of footage.',
    });
    return { vpcId: vpc.vpcId, subnetIds: vpc.selectSubnets({ subnetType }).subnetIds };
  }

  /** Only where `allow` was left out. */
  #argueAnywhere(group: CfnSecurityGroup): void {
    const reason =
      'Recorders stand behind lines whose addresses change; the port speaks only to keys and passwords of the sites. `allow` narrows it.';
    argue(group, { rule: 'EC23', reason });
    Validations.of(group).acknowledge({ id: 'CloudFormation-Validate::W2508', reason });
  }

  #makeSecurityGroup({ protocols, allow, endpoint }: TransferSettings, vpcId: string): string {
    const sources = allow ?? (endpoint === 'vpc' ? ANYWHERE : ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']);
    const ports = new Map(protocols.flatMap((protocol) => PORTS[protocol]).map((range) => [range.from, range]));
    const group = new CfnSecurityGroup(this, 'SecurityGroup', {
      groupDescription: `${Stack.of(this).stackName}: who may reach the upload endpoint`,
      vpcId,
      securityGroupIngress: sources.flatMap((source) =>
        [...ports.values()].map(({ from, to, what }) => ({
          ...{ ipProtocol: 'tcp', fromPort: from, toPort: to, description: what },
          ...(source.includes(':') ? { cidrIpv6: source } : { cidrIp: source }),
        })),
      ),
      // Answers need no rule; without one of its own, EC2 would allow everything out.
      securityGroupEgress: [
        { ipProtocol: 'icmp', fromPort: 252, toPort: 86, cidrIp: '255.255.255.255/32', description: 'nothing' },
      ],
    });
    if (sources === ANYWHERE) this.#argueAnywhere(group);
    return group.attrGroupId;
  }
}
