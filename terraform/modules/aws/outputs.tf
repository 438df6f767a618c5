output "queue_url" {
  description = "URL of the queue: queue in seneka.yaml."
  value       = aws_sqs_queue.events.url
}

output "queue_arn" {
  description = "ARN of the queue, for notifications that are set elsewhere."
  value       = aws_sqs_queue.events.arn
}

output "dead_letter_queue_url" {
  description = "URL of the queue where messages are parked that were received too often."
  value       = aws_sqs_queue.dead_letters.url
}

output "role_arn" {
  description = "ARN of the forwarder's role: SENEKA_AWS_ROLE_ARN on Cloud Run."
  value       = aws_iam_role.forwarder.arn
}

output "role_session" {
  description = "What the sessions of the forwarder's role on Fargate are called: Google's pool trusts this and nothing else."
  value       = "arn:${local.partition}:sts::${local.account}:assumed-role/${aws_iam_role.forwarder.name}"
}

output "account_id" {
  description = "This account."
  value       = local.account
}

output "notifications" {
  description = "For each bucket that notifies the queue and whose notifications are not managed: what to add to them, as `aws s3api put-bucket-notification-configuration` takes it. That command replaces the whole, too: add it to what `get-bucket-notification-configuration` shows."
  value = { for name, b in var.buckets : name => b.notify == "eventbridge" ? jsonencode({ EventBridgeConfiguration = {} }) : jsonencode({
    QueueConfigurations = [{
      Id       = var.name
      QueueArn = aws_sqs_queue.events.arn
      Events   = ["s3:ObjectCreated:*"]
      Filter   = { Key = { FilterRules = [for k, v in { prefix = b.prefix, suffix = b.suffix } : { Name = k, Value = v } if v != ""] } }
    }]
  }) if !b.manage_notifications && b.notify != "sns" }
}

output "bucket_policies" {
  description = "For each bucket of another account: a policy whose statements its owner adds to the bucket's. Where the objects are encrypted by a key, the key's policy must let role_arn use kms:Decrypt too."
  value = { for name, b in var.buckets : name => jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "SenekaObjects"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.forwarder.arn }
        Action    = b.versioned ? ["s3:GetObject", "s3:GetObjectVersion"] : ["s3:GetObject"]
        Resource  = local.object_arns[name]
      },
      {
        Sid       = "SenekaAbsence"
        Effect    = "Allow"
        Principal = { AWS = aws_iam_role.forwarder.arn }
        Action    = ["s3:ListBucket"]
        Resource  = local.bucket_arns[name]
      },
    ]
  }) if b.account != null }
}

output "region" {
  description = "This region."
  value       = local.region
}
