/** Types of resources that AWS gives no tags, reviewed: every other type must be tagged. */
export const UNTAGGABLE: ReadonlySet<string> = new Set([
  'aws_autoscaling_lifecycle_hook',
  'aws_iam_role_policy',
  'aws_route_table_association',
  'aws_s3_bucket_lifecycle_configuration',
  'aws_s3_bucket_ownership_controls',
  'aws_s3_bucket_policy',
  'aws_s3_bucket_public_access_block',
  'aws_s3_bucket_server_side_encryption_configuration',
  'aws_s3_bucket_versioning',
]);
