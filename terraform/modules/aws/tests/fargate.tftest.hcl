# What is made for buckets that are notified in each way there is, with the forwarder on Fargate.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:seneka", id = "https://sqs.eu-central-1.amazonaws.com/123456789012/seneka" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/seneka-forwarder" }
  }
  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:eu-central-1:123456789012:rule/seneka" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:123456789012:log-group:/seneka/seneka-forwarder" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/seneka-forwarder:1" }
  }
}

variables {
  buckets = {
    direct  = { manage_notifications = true, prefix = "logs/", suffix = ".gz" }
    byhand  = { manage_notifications = false }
    bus     = { manage_notifications = true, notify = "eventbridge" }
    filter  = { manage_notifications = false, notify = "eventbridge", prefix = "a/", suffix = ".gz" }
    topic   = { manage_notifications = false, notify = "sns", topic_arn = "arn:aws:sns:eu-central-1:123456789012:objects" }
    foreign = { manage_notifications = false, account = "210987654321", versioned = true, kms_key_arn = "arn:aws:kms:eu-central-1:210987654321:key/1" }
  }
  forwarder_image = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/seneka/forwarder@sha256:0123"
  config_uri      = "gs://acme-seneka-config/0123/seneka.yaml"
  google_audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/seneka-aws/providers/aws"
  vpc_id          = "vpc-1"
  subnet_ids      = ["subnet-1", "subnet-2"]
}

run "queue" {
  assert {
    condition     = jsondecode(aws_sqs_queue.events.redrive_policy).maxReceiveCount == 10
    error_message = "A message that is received too often is parked."
  }
  assert {
    condition     = aws_sqs_queue.events.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Both queues are encrypted."
  }
  assert {
    condition     = aws_sqs_queue.events.message_retention_seconds == 1209600 && aws_sqs_queue.dead_letters.message_retention_seconds == 1209600
    error_message = "Messages are kept for 14 days."
  }
}

run "senders" {
  # S3 for the buckets that notify the queue itself, each with its account; one topic; two rules.
  assert {
    condition = {
      for s in jsondecode(aws_sqs_queue_policy.events.policy).Statement : s.Condition.ArnEquals["aws:SourceArn"] => [s.Principal.Service, s.Action, try(s.Condition.StringEquals["aws:SourceAccount"], "")]
      if s.Principal.Service != "events.amazonaws.com"
      } == {
      "arn:aws:s3:::direct"                           = ["s3.amazonaws.com", "sqs:SendMessage", "123456789012"]
      "arn:aws:s3:::byhand"                           = ["s3.amazonaws.com", "sqs:SendMessage", "123456789012"]
      "arn:aws:s3:::foreign"                          = ["s3.amazonaws.com", "sqs:SendMessage", "210987654321"]
      "arn:aws:sns:eu-central-1:123456789012:objects" = ["sns.amazonaws.com", "sqs:SendMessage", ""]
    }
    error_message = "Exactly these may send: ${aws_sqs_queue_policy.events.policy}"
  }
  assert {
    condition     = length([for s in jsondecode(aws_sqs_queue_policy.events.policy).Statement : s if s.Principal.Service == "events.amazonaws.com"]) == 2
    error_message = "A rule for each bucket of EventBridge may send."
  }
  assert {
    condition     = alltrue([for s in jsondecode(aws_sqs_queue_policy.events.policy).Statement : s.Effect == "Allow" && s.Resource == aws_sqs_queue.events.arn && length(s.Condition) > 0])
    error_message = "No statement without a condition."
  }
}

run "notifications" {
  assert {
    condition     = keys(aws_s3_bucket_notification.created) == ["bus", "direct"]
    error_message = "Only where manage_notifications says so are a bucket's notifications owned."
  }
  assert {
    condition     = aws_s3_bucket_notification.created["direct"].queue[0].filter_prefix == "logs/" && aws_s3_bucket_notification.created["direct"].queue[0].filter_suffix == ".gz"
    error_message = "Prefix and suffix filter."
  }
  assert {
    condition     = aws_s3_bucket_notification.created["bus"].eventbridge && length(aws_s3_bucket_notification.created["bus"].queue) == 0
    error_message = "EventBridge is turned on, and the queue is not notified twice."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.created["filter"].event_pattern).detail == { bucket = { name = ["filter"] }, object = { key = [{ wildcard = "a/*.gz" }] } }
    error_message = "A rule filters as notifications do."
  }
  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.created["bus"].event_pattern).detail == { bucket = { name = ["bus"] } }
    error_message = "A rule without prefix takes all keys."
  }
  assert {
    condition     = keys(output.notifications) == ["byhand", "filter", "foreign"]
    error_message = "What has to be set by hand is shown."
  }
  assert {
    condition     = keys(output.bucket_policies) == ["foreign"]
    error_message = "What another account has to allow is shown."
  }
}

run "permissions" {
  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.forwarder.policy).Statement : s.Sid => s.Action } == {
      Queue    = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
      Objects  = ["s3:GetObject"]
      Versions = ["s3:GetObjectVersion"]
      Absence  = ["s3:ListBucket"]
      Keys     = ["kms:Decrypt"]
    }
    error_message = "The forwarder may do exactly this."
  }
  assert {
    condition = { for s in jsondecode(aws_iam_role_policy.forwarder.policy).Statement : s.Sid => s.Resource if s.Sid != "Absence" } == {
      Queue    = ["arn:aws:sqs:eu-central-1:123456789012:seneka"]
      Objects  = ["arn:aws:s3:::bus/*", "arn:aws:s3:::byhand/*", "arn:aws:s3:::direct/logs/*", "arn:aws:s3:::filter/a/*", "arn:aws:s3:::foreign/*", "arn:aws:s3:::topic/*"]
      Versions = ["arn:aws:s3:::foreign/*"]
      Keys     = ["arn:aws:kms:eu-central-1:210987654321:key/1"]
    }
    error_message = "And on nothing else: ${aws_iam_role_policy.forwarder.policy}"
  }
  assert {
    condition     = jsondecode(aws_iam_role.forwarder.assume_role_policy).Statement[0].Principal.Service == "ecs-tasks.amazonaws.com"
    error_message = "Tasks have the role."
  }
  assert {
    condition     = flatten([for s in jsondecode(aws_iam_role_policy.execution[0].policy).Statement : s.Action]) == ["logs:CreateLogStream", "logs:PutLogEvents", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:GetAuthorizationToken"]
    error_message = "ECS may write the log and fetch the image."
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.execution[0].policy).Statement[1].Resource == ["arn:aws:ecr:eu-central-1:123456789012:repository/seneka/forwarder"]
    error_message = "Of its repository only: ${aws_iam_role_policy.execution[0].policy}"
  }
}

run "task" {
  assert {
    condition = { for e in jsondecode(aws_ecs_task_definition.forwarder[0].container_definitions)[0].environment : e.name => e.value } == {
      AWS_REGION                = "eu-central-1"
      GOMEMLIMIT                = "870MiB"
      SENEKA_CONFIG             = "gs://acme-seneka-config/0123/seneka.yaml"
      SENEKA_GOOGLE_AUDIENCE    = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/seneka-aws/providers/aws"
      SENEKA_MAX_BYTES          = "100663296"
      SENEKA_METRICS_PORT       = "9464"
      SENEKA_VISIBILITY_SECONDS = "30"
      SENEKA_WORKERS            = "16"
    }
    error_message = "The task's environment: ${aws_ecs_task_definition.forwarder[0].container_definitions}"
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.forwarder[0].container_definitions)[0].stopTimeout >= 30
    error_message = "It has time to drain."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.forwarder[0].container_definitions)[0].readonlyRootFilesystem
    error_message = "It writes no file."
  }
  assert {
    condition     = jsondecode(aws_ecs_task_definition.forwarder[0].container_definitions)[0].healthCheck.command == ["CMD", "/ko-app/forwarder", "health"]
    error_message = "It is asked whether it is well."
  }
  assert {
    condition     = one(aws_ecs_service.forwarder[0].capacity_provider_strategy).capacity_provider == "FARGATE"
    error_message = "Not on Spot unless asked."
  }
  assert {
    condition     = keys(aws_vpc_security_group_egress_rule.https) == ["ipv4", "ipv6"] && alltrue([for r in aws_vpc_security_group_egress_rule.https : r.from_port == 443 && r.to_port == 443])
    error_message = "Out by HTTPS only."
  }
}

run "alarms" {
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["dead-letters", "memory-growth", "queue-age"]
    error_message = "The alarms of this side."
  }
}

run "spot_and_keys" {
  variables {
    forwarder_size    = { spot = true, architecture = "X86_64" }
    queue_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2"
    forwarder_image   = "ghcr.io/seneka-io/forwarder:1"
  }

  assert {
    condition     = one(aws_ecs_service.forwarder[0].capacity_provider_strategy).capacity_provider == "FARGATE_SPOT"
    error_message = "On Spot if asked."
  }
  assert {
    condition     = aws_sqs_queue.events.kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/2"
    error_message = "The queue is encrypted by the key."
  }
  assert {
    condition     = contains([for s in jsondecode(aws_iam_role_policy.forwarder.policy).Statement : s.Resource if s.Sid == "Keys"][0], "arn:aws:kms:eu-central-1:123456789012:key/2")
    error_message = "The forwarder may use the queue's key."
  }
  assert {
    condition     = length(jsondecode(aws_iam_role_policy.execution[0].policy).Statement) == 1
    error_message = "An image of another registry takes no leave of ECR."
  }
}

run "owning_anothers_notifications_is_refused" {
  command = plan
  variables {
    buckets = { foreign = { manage_notifications = true, account = "210987654321" } }
  }
  expect_failures = [var.buckets]
}

run "a_topic_needs_its_name" {
  command = plan
  variables {
    buckets = { topic = { manage_notifications = false, notify = "sns" } }
  }
  expect_failures = [var.buckets]
}

run "unknown_ways_are_refused" {
  command = plan
  variables {
    buckets = { b = { manage_notifications = false, notify = "lambda" } }
  }
  expect_failures = [var.buckets]
}

run "more_memory_than_there_is_is_refused" {
  command = plan
  variables {
    forwarder_size = { memory_mib = 512, budget_mib = 256 }
  }
  expect_failures = [var.forwarder_size]
}
