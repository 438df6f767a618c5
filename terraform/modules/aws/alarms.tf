# The alarms of this side. Each has a playbook of its name.

locals {
  alarms = { for name, a in local.all_alarms : name => a if a.wanted }

  all_alarms = {
    # Files wait: the forwarder is down, too small, or cannot do what a message asks.
    queue-age = {
      wanted     = true
      namespace  = "AWS/SQS"
      metric     = "ApproximateAgeOfOldestMessage"
      dimensions = { QueueName = aws_sqs_queue.events.name }
      statistic  = "Maximum"
      threshold  = var.alarm_queue_age_seconds
      periods    = 2
      text       = "The oldest message of the queue is older than ${var.alarm_queue_age_seconds} seconds."
    }
    # A message was given up: its file is not in BigQuery.
    dead-letters = {
      wanted     = true
      namespace  = "AWS/SQS"
      metric     = "ApproximateNumberOfMessagesVisible"
      dimensions = { QueueName = aws_sqs_queue.dead_letters.name }
      statistic  = "Maximum"
      threshold  = 0
      periods    = 1
      text       = "Messages are parked in the dead-letter queue."
    }
    # It takes more and more: a leak, or too little memory for its settings.
    memory-growth = {
      wanted     = local.fargate == 1
      namespace  = "AWS/ECS"
      metric     = "MemoryUtilization"
      dimensions = { ClusterName = var.name, ServiceName = "${var.name}-forwarder" }
      statistic  = "Maximum"
      threshold  = 85
      periods    = 6
      text       = "The forwarder has used over 85 % of its memory for half an hour."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.text} ${var.playbooks_url}${each.key}.md"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  period              = 300
  evaluation_periods  = each.value.periods
  treat_missing_data  = "notBreaching" # an idle queue reports nothing
  alarm_actions       = var.alarm_topic_arns
  ok_actions          = var.alarm_topic_arns
  tags                = var.tags
}
