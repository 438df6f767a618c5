# With the forwarder on Cloud Run, of AWS only the queue and a role that an account of Google's takes on.

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
    defaults = { arn = "arn:aws:sqs:eu-central-1:123456789012:seneka" }
  }
}

variables {
  buckets                         = { logs = { manage_notifications = true } }
  forwarder_on                    = "cloud-run"
  google_service_account_id       = "108642864286428642864"
  google_service_account_audience = "seneka-acme-logs-seneka"
}

run "trust" {
  assert {
    condition = jsondecode(aws_iam_role.forwarder.assume_role_policy).Statement[0] == {
      Effect    = "Allow"
      Principal = { Federated = "accounts.google.com" }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "accounts.google.com:aud"  = "108642864286428642864"
        "accounts.google.com:oaud" = "seneka-acme-logs-seneka"
        "accounts.google.com:sub"  = "108642864286428642864"
      } }
    }
    error_message = "One account of Google's, by tokens for one audience: ${aws_iam_role.forwarder.assume_role_policy}"
  }
  assert {
    condition     = length(aws_ecs_cluster.this) + length(aws_ecs_service.forwarder) + length(aws_security_group.forwarder) + length(aws_iam_role.execution) == 0
    error_message = "Nothing runs in AWS."
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.this) == ["dead-letters", "queue-age"]
    error_message = "The queue is watched all the same."
  }
}

run "a_role_for_anybody_is_refused" {
  command = plan

  variables {
    google_service_account_id = null
  }
  expect_failures = [aws_iam_role.forwarder]
}
