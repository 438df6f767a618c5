# How the queue hears of new objects: from the buckets themselves, from topics that they notify, or from EventBridge.

locals {
  to_queue       = { for name, b in var.buckets : name => b if b.notify == "queue" }
  to_topic       = { for name, b in var.buckets : name => b if b.notify == "sns" }
  to_eventbridge = { for name, b in var.buckets : name => b if b.notify == "eventbridge" }

  topics  = toset([for b in local.to_topic : b.topic_arn])
  managed = { for name, b in var.buckets : name => b if b.manage_notifications }
}

# This owns the whole of a bucket's notifications, which is why manage_notifications has no default.
resource "aws_s3_bucket_notification" "created" {
  for_each = local.managed

  bucket      = each.key
  eventbridge = each.value.notify == "eventbridge"

  dynamic "queue" {
    for_each = each.value.notify == "queue" ? [each.value] : []

    content {
      id            = var.name
      queue_arn     = aws_sqs_queue.events.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value.prefix
      filter_suffix = queue.value.suffix
    }
  }

  # S3 tries the queue when it is named, and refuses one that it may not send to.
  depends_on = [aws_sqs_queue_policy.events]
}

resource "aws_sns_topic_subscription" "events" {
  for_each = local.topics

  topic_arn            = each.value
  protocol             = "sqs"
  endpoint             = aws_sqs_queue.events.arn
  raw_message_delivery = true # the forwarder understands both; an envelope less is shorter

  depends_on = [aws_sqs_queue_policy.events]
}

resource "aws_cloudwatch_event_rule" "created" {
  for_each = local.to_eventbridge

  name        = "${var.name}-${substr(sha256(each.key), 0, 8)}"
  description = "Objects created in ${each.key}, for Seneka."
  tags        = var.tags

  event_pattern = jsonencode({
    source      = ["aws.s3"]
    detail-type = ["Object Created"]
    detail = merge(
      { bucket = { name = [each.key] } },
      each.value.prefix == "" && each.value.suffix == "" ? {} : {
        object = { key = [{ wildcard = "${each.value.prefix}*${each.value.suffix}" }] }
      },
    )
  })
}

resource "aws_cloudwatch_event_target" "created" {
  for_each = local.to_eventbridge

  rule = aws_cloudwatch_event_rule.created[each.key].name
  arn  = aws_sqs_queue.events.arn

  depends_on = [aws_sqs_queue_policy.events]
}
