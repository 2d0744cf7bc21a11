import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { archiveTemplate } from './synthesized.js';

const ARCHIVE = { VersioningConfiguration: Match.anyValue() };
const LOGS = { VersioningConfiguration: Match.absent() };

describe('the archive stack', () => {
  let template: Template;
  beforeAll(() => {
    template = archiveTemplate({ retention: '400d' });
  });

  const idOf = (which: object): string => {
    const ids = Object.keys(template.findResources('AWS::S3::Bucket', { Properties: which }));
    expect(ids).toHaveLength(1);
    return ids[0]!;
  };

  const has = (which: object, properties: object) => {
    template.hasResourceProperties('AWS::S3::Bucket', { ...which, ...properties });
  };

  it.each([
    ['the archive', ARCHIVE],
    ['its access logs', LOGS],
  ])('%s: no request without TLS is answered', (_, which) => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      Bucket: { Ref: idOf(which) },
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Effect: 'Deny',
            Principal: { AWS: '*' },
            Action: 's3:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            Resource: [
              { 'Fn::GetAtt': [idOf(which), 'Arn'] },
              { 'Fn::Join': ['', [{ 'Fn::GetAtt': [idOf(which), 'Arn'] }, '/*']] },
            ],
          }),
        ]),
      },
    });
  });

  it('the archive refuses TLS older than 1.2', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      Bucket: { Ref: idOf(ARCHIVE) },
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
        ]),
      },
    });
  });

  it.each([
    ['the archive', ARCHIVE],
    ['its access logs', LOGS],
  ])('%s: never public, encrypted, and without access lists', (_, which) => {
    has(which, {
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      AccessControl: Match.absent(),
    });
  });

  it('nobody is allowed anything by a bucket policy, except S3 to write the access logs', () => {
    const policies = Object.values(template.findResources('AWS::S3::BucketPolicy'));
    const statements = policies.flatMap((policy) => policy.Properties.PolicyDocument.Statement);
    const allowed = statements.filter((statement) => statement.Effect !== 'Deny');
    expect(allowed).toEqual([
      expect.objectContaining({
        Action: 's3:PutObject',
        Principal: { Service: 'logging.s3.amazonaws.com' },
        Condition: {
          ArnLike: { 'aws:SourceArn': { 'Fn::GetAtt': [idOf(ARCHIVE), 'Arn'] } },
          StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
        },
      }),
    ]);
  });

  it('the archive is versioned', () => {
    has(ARCHIVE, { VersioningConfiguration: { Status: 'Enabled' } });
  });

  it('every request to the archive is logged', () => {
    has(ARCHIVE, { LoggingConfiguration: { DestinationBucketName: { Ref: idOf(LOGS) } } });
  });

  it('the archive tells EventBridge what arrives, without a Lambda or a role', () => {
    has(ARCHIVE, { NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } } });
    const types = Object.values(template.toJSON().Resources as object).map(({ Type }) => Type);
    expect([...new Set(types)].sort()).toEqual(['AWS::S3::Bucket', 'AWS::S3::BucketPolicy']);
  });

  it('broken uploads, replaced versions and leftover delete markers are cleaned up', () => {
    const rule = (properties: object) => Match.objectLike({ Status: 'Enabled', ...properties });
    has(ARCHIVE, {
      LifecycleConfiguration: {
        Rules: Match.arrayWith([
          rule({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
          rule({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } }),
          rule({ ExpiredObjectDeleteMarker: true, ExpirationInDays: Match.absent() }),
        ]),
      },
    });
  });

  it('footage expires after the retention, all of it', () => {
    expect(expirations(template, idOf(ARCHIVE))).toEqual([
      { Id: 'retention', Status: 'Enabled', ExpirationInDays: 400 },
    ]);
  });

  it('footage never expires where no retention is set', () => {
    const forever = archiveTemplate();
    const [id] = Object.keys(forever.findResources('AWS::S3::Bucket', { Properties: ARCHIVE }));
    expect(expirations(forever, id!)).toEqual([]);
  });

  it('both buckets stay when the stack goes', () => {
    const buckets = Object.values(template.findResources('AWS::S3::Bucket'));
    expect(buckets).toHaveLength(2);
    for (const bucket of buckets) {
      expect(bucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    }
  });

  it('the bucket has no fixed name, and the stack says which one it got', () => {
    has(ARCHIVE, { BucketName: Match.absent() });
    template.hasOutput('BucketName', { Value: { Ref: idOf(ARCHIVE) } });
  });

  it('is the template that was reviewed', () => {
    // Parameters and rules are of CDK's own making and change with its version.
    const { Resources, Outputs } = template.toJSON();
    expect({ Resources, Outputs }).toMatchSnapshot();
  });
});

function expirations(template: Template, id: string): object[] {
  const rules = template.toJSON().Resources[id].Properties.LifecycleConfiguration.Rules as object[];
  return rules.filter((rule) => 'ExpirationInDays' in rule);
}
