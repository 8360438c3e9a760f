"""The AWS SDK's bundle without the services that S3A does not call."""
