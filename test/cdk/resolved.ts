import type { Template } from 'aws-cdk-lib/assertions';

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Templates = (end: string) => Template;

/** What CloudFormation would make of references to a bucket that is there: enough for policies. Throws for any other reference. */
export function resolved(value: unknown, bucket: string, templates: Templates, own: string): unknown {
  const visit = (node: Json): Json => {
    if (typeof node !== 'object' || node === null) return node;
    if (Array.isArray(node)) return node.map(visit);
    const [[name, argument] = ['', null], ...others] = Object.entries(node);
    if (others.length > 0 || !(name === 'Ref' || name.startsWith('Fn::'))) {
      return Object.fromEntries(Object.entries(node).map(([key, one]) => [key, visit(one)]));
    }
    return reference(name, argument);
  };
  const reference = (name: string, argument: Json): Json => {
    if (name === 'Fn::Join') {
      const [delimiter, parts] = argument as [string, Json[]];
      return parts.map(visit).join(delimiter);
    }
    if (name === 'Fn::GetStackOutput') {
      const { StackName, OutputName } = argument as { StackName: string; OutputName: string };
      const { Outputs } = templates(StackName).toJSON();
      return resolved(Outputs[OutputName].Value, bucket, templates, StackName) as Json;
    }
    if (name === 'Ref' && argument === 'AWS::Partition') return 'aws';
    const [id, attribute] = Array.isArray(argument) ? (argument as [string, string]) : [String(argument), undefined];
    if (templates(own).toJSON().Resources[id]?.Type !== 'AWS::S3::Bucket') {
      throw new Error(`cannot resolve ${name} ${JSON.stringify(argument)}`);
    }
    return attribute === 'Arn' ? `arn:aws:s3:::${bucket}` : bucket;
  };
  return visit(value as Json);
}
