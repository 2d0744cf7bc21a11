import { describe, expect, it } from 'vitest';
import { SessionPolicy } from '../../lib/transfer-endpoint/session-policy.js';

const policy = (...statements: object[]) =>
  new SessionPolicy(JSON.stringify({ Version: '2012-10-17', Statement: statements }), 'archive');
const allow = (Action: string | string[], Resource: string | string[], Condition?: object) => ({
  ...{ Effect: 'Allow', Action, Resource, Condition },
});
const OWN = 'arn:aws:s3:::archive/shop/*';

describe('a session policy', () => {
  it('allows what a statement allows, and nothing else', () => {
    const one = policy(allow(['s3:PutObject'], OWN));
    expect(one.allowsObject('s3:PutObject', 'shop/a.mp4')).toBe(true);
    expect(one.allowsObject('s3:GetObject', 'shop/a.mp4')).toBe(false);
    expect(one.allowsObject('s3:PutObject', 'shopping/a.mp4')).toBe(false);
    expect(one.allowsObject('s3:PutObject', 'bank/a.mp4')).toBe(false);
    expect(one.allowsListing('shop/')).toBe(false);
  });

  it('is overruled by what denies', () => {
    const one = policy(allow('s3:*', '*'), {
      Effect: 'Deny',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::archive/*/',
    });
    expect(one.allowsObject('s3:GetObject', 'shop/a.mp4')).toBe(true);
    expect(one.allowsObject('s3:GetObject', 'shop/folder/')).toBe(false);
  });

  it('reads wildcards as IAM does: * and ?, and nothing of regular expressions', () => {
    const one = policy(allow('s3:put*', 'arn:aws:s3:::archive/a.b?c/*'));
    expect(one.allowsObject('s3:PutObject', 'a.bxc/1')).toBe(true);
    expect(one.allowsObject('s3:PutObject', 'aXbxc/1')).toBe(false);
    expect(one.allowsObject('s3:PutObject', 'a.bc/1')).toBe(false);
  });

  it('lists only the prefixes of its condition', () => {
    const one = policy(
      allow('s3:ListBucket', 'arn:aws:s3:::archive', { StringLike: { 's3:prefix': ['shop/*', 'exact'] } }),
    );
    expect(one.allowsListing('shop/gate/')).toBe(true);
    expect(one.allowsListing('exact')).toBe(true);
    expect(one.allowsListing('')).toBe(false);
    expect(one.allowsListing('shopping/')).toBe(false);
  });

  it('takes a condition it does not know against whoever asks', () => {
    const unknown = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
    expect(policy(allow('s3:*', '*', unknown)).allowsObject('s3:PutObject', 'a')).toBe(false);
    const denying = { Effect: 'Deny', Action: 's3:*', Resource: '*', Condition: unknown };
    expect(policy(allow('s3:*', '*'), denying).allowsObject('s3:PutObject', 'a')).toBe(false);
  });

  it.each([
    ['rubbish', 'is not JSON'],
    ['{}', 'has a statement without'],
    ['{"Statement":[{"Effect":"Allow","Action":"s3:*"}]}', 'has a statement without'],
    [JSON.stringify({ Statement: [], x: 'x'.repeat(2_048) }), 'more than 2048'],
  ])('%s is none', (text, why) => {
    expect(() => new SessionPolicy(text, 'archive')).toThrow(why);
  });
});
