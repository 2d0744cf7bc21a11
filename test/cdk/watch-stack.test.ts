import type { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { signInPattern } from '../../cdk/watch-alarms.js';
import { deployment, example, synthesize } from './synthesized.js';

const watch = (name: Parameters<typeof example>[0]) => synthesize(example(name)).template('Watch');
const properties = (template: Template, type: string) =>
  Object.values(template.findResources(type)).map(({ Properties }) => Properties);

/** Does what EventBridge does with the patterns that are used here. */
function matches(pattern: unknown, event: unknown): boolean {
  if (Array.isArray(pattern)) {
    return pattern.some((one) => {
      if (typeof one === 'string') return one === event;
      const { prefix, suffix } = one as { prefix?: string; suffix?: string };
      const text = String(event);
      return prefix !== undefined ? text.startsWith(prefix) : text.endsWith(suffix!);
    });
  }
  const fields = event as Record<string, unknown>;
  return Object.entries(pattern as object).every(([name, inner]) => matches(inner, fields[name]));
}

describe('the watch', () => {
  it('has as many alarms and functions for forty sites as for one', () => {
    for (const name of ['two-cameras', 'forty-sites'] as const) {
      const template = watch(name);
      template.resourceCountIs('AWS::CloudWatch::Alarm', 4);
      template.resourceCountIs('AWS::CloudWatch::CompositeAlarm', 1);
      template.resourceCountIs('AWS::Lambda::Function', 2);
      template.resourceCountIs('AWS::Events::Rule', 3);
    }
  });

  it('is told of footage that arrives in the archive, and of nothing else', () => {
    const [rule] = properties(watch('two-cameras'), 'AWS::Events::Rule').filter(({ Description }) =>
      Description.includes('footage arrived'),
    );
    const pattern = structuredClone(rule.EventPattern);
    expect(pattern.detail.bucket.name).toHaveLength(1);
    pattern.detail.bucket.name = ['archive'];
    const event = (key: string, bucket = 'archive') => ({
      ...{ source: 'aws.s3', 'detail-type': 'Object Created' },
      detail: { bucket: { name: bucket }, object: { key, size: 1 } },
    });
    expect(matches(pattern, event('home/gate/2026/05/03/gate_20260503T021000Z_continuous.mp4'))).toBe(true);
    expect(matches(pattern, event('home/gate/2026/05/03/gate_20260503T021000Z_snapshot.jpg'))).toBe(true);
    expect(matches(pattern, event('home/index/gate/2026/05/03/02-000001.ndjson'))).toBe(false);
    expect(matches(pattern, event('home/gate/x.mp4', 'another'))).toBe(false);
    expect(matches(pattern, { ...event('a.mp4'), 'detail-type': 'Object Deleted' })).toBe(false);
  });

  it('is told of uploads that fail, by every protocol', () => {
    const [rule] = properties(watch('vpc-sftp-ftps'), 'AWS::Events::Rule').filter(({ Description }) =>
      Description.includes('broke off'),
    );
    const pattern = structuredClone(rule.EventPattern);
    pattern.detail['file-path'] = [{ prefix: '/archive/' }];
    for (const protocol of ['SFTP', 'FTPS', 'FTP']) {
      const event = (result: string, path = '/archive/shop/x.mp4') => ({
        ...{ source: 'aws.transfer', 'detail-type': `${protocol} Server File Upload ${result}` },
        detail: { 'file-path': path },
      });
      expect(matches(pattern, event('Failed'))).toBe(true);
      expect(matches(pattern, event('Completed'))).toBe(false);
      expect(matches(pattern, event('Failed', '/another/shop/x.mp4'))).toBe(false);
    }
  });

  it('alarms when it stops itself: no count of checks is the alarm', () => {
    const [alarm] = properties(watch('two-cameras'), 'AWS::CloudWatch::Alarm').filter(
      ({ MetricName }) => MetricName === 'Checks',
    );
    expect(alarm).toMatchObject({
      TreatMissingData: 'breaching',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
    });
    expect(alarm.AlarmActions).toHaveLength(1);
  });

  it('is done with a check before the next, drops one that is late, and reserves nothing that a new account lacks', () => {
    const functions = properties(watch('two-cameras'), 'AWS::Lambda::Function');
    for (const { ReservedConcurrentExecutions, Timeout } of functions) {
      expect(ReservedConcurrentExecutions).toBeUndefined();
      expect(Timeout).toBeLessThan(60);
    }
    const [minute] = properties(watch('two-cameras'), 'AWS::Events::Rule').filter(
      ({ ScheduleExpression }) => ScheduleExpression === 'rate(1 minute)',
    );
    expect(minute.Targets[0].RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
  });

  it('counts failed sign-ins with the names of sites, or of any name where there is an endpoint for too many', () => {
    expect(signInPattern(['home', 'shop'])).toBe(
      '{ ($.activity-type = "AUTH_FAILURE") && (($.user = "home") || ($.user = "shop")) }',
    );
    const many = signInPattern(Array.from({ length: 100 }, (_, index) => `shop-${index}`));
    expect(many).toBe('{ $.activity-type = "AUTH_FAILURE" }');
    expect(properties(watch('s3-only'), 'AWS::Logs::MetricFilter')).toEqual([]);
    expect(properties(watch('two-cameras'), 'AWS::Logs::MetricFilter')).toHaveLength(1);
  });

  it('mails whom the file names, and nobody may publish but the watch and CloudWatch of this account', () => {
    const template = watch('forty-sites');
    const mails = properties(template, 'AWS::SNS::Subscription').map(
      ({ Protocol, Endpoint }) => `${Protocol} ${Endpoint}`,
    );
    expect(mails).toEqual(['email operations@example.com', 'email owner@example.com']);
    const [{ PolicyDocument }] = properties(template, 'AWS::SNS::TopicPolicy') as [
      { PolicyDocument: { Statement: { Effect: string; Principal: object; Condition?: object }[] } },
    ];
    const allowed = PolicyDocument.Statement.filter(({ Effect }) => Effect === 'Allow');
    expect(allowed).toEqual([
      expect.objectContaining({
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      }),
    ]);
  });

  it('is not there unless it is asked for', () => {
    expect(() => synthesize(deployment('')).stack('Watch')).toThrow('no stack');
  });
});
