# The queue that the source buckets notify, and the one where messages are parked that were received too often.

resource "aws_sqs_queue" "events" {
  name                       = var.name
  visibility_timeout_seconds = 30      # the forwarder asks for its own with each message
  message_retention_seconds  = 1209600 # 14 days, the most
  receive_wait_time_seconds  = 20      # an empty answer is paid for like a full one
  sqs_managed_sse_enabled    = var.queue_kms_key_arn == null ? true : null
  kms_master_key_id          = var.queue_kms_key_arn
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters.arn
    maxReceiveCount     = var.max_receive_count
  })
}

resource "aws_sqs_queue" "dead_letters" {
  name                      = "${var.name}-dead-letter"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.queue_kms_key_arn == null ? true : null
  kms_master_key_id         = var.queue_kms_key_arn
  tags                      = var.tags
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  queue_url = aws_sqs_queue.dead_letters.id

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.events.arn]
  })
}

# Who may send: S3 for each bucket that notifies the queue itself, on condition of the bucket and its account, so that nobody
# else's bucket of that name can; the topics; the rules.
resource "aws_sqs_queue_policy" "events" {
  queue_url = aws_sqs_queue.events.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for name, b in local.to_queue : {
        Sid       = "Bucket${substr(sha256(name), 0, 8)}"
        Effect    = "Allow"
        Principal = { Service = "s3.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events.arn
        Condition = {
          ArnEquals    = { "aws:SourceArn" = local.bucket_arns[name] }
          StringEquals = { "aws:SourceAccount" = coalesce(b.account, local.account) }
        }
      }],
      [for topic in local.topics : {
        Sid       = "Topic${substr(sha256(topic), 0, 8)}"
        Effect    = "Allow"
        Principal = { Service = "sns.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events.arn
        Condition = { ArnEquals = { "aws:SourceArn" = topic } }
      }],
      [for name, rule in aws_cloudwatch_event_rule.created : {
        Sid       = "Rule${substr(sha256(name), 0, 8)}"
        Effect    = "Allow"
        Principal = { Service = "events.amazonaws.com" }
        Action    = "sqs:SendMessage"
        Resource  = aws_sqs_queue.events.arn
        Condition = { ArnEquals = { "aws:SourceArn" = rule.arn } }
      }],
    )
  })
}
