# Both sides, joined: what one tells the other.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "ap-northeast-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = {
      arn = "arn:aws:sqs:ap-northeast-1:123456789012:seneka"
      url = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/seneka"
    }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/seneka-forwarder" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = { arn = "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/seneka-forwarder:1" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:ap-northeast-1:123456789012:log-group:/seneka/seneka-forwarder" }
  }
}

mock_provider "google" {
  mock_resource "google_iam_workload_identity_pool_provider" {
    defaults = { name = "projects/987654321098/locations/global/workloadIdentityPools/seneka-aws/providers/aws" }
  }
  mock_resource "google_cloudfunctions2_function" {
    defaults = { service_config = { uri = "https://seneka-loader-abc-an.a.run.app" } }
  }
  mock_resource "google_service_account" {
    defaults = { unique_id = "108642864286428642864" }
  }
}

variables {
  project         = "acme-logs"
  region          = "asia-northeast1"
  buckets         = { acme-elb-logs = { manage_notifications = true } }
  sources         = [{ name = "alb", match = "s3://acme-elb-logs/**.log.gz", format = "alb", table = "logs.alb" }]
  forwarder_image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/seneka-forwarder:1"
  vpc_id          = "vpc-1"
  subnet_ids      = ["subnet-1"]
  loader_archive  = "modules/gcp/tests/function.zip"
}

run "on_fargate" {
  assert {
    condition     = module.gcp.google_audience == "//iam.googleapis.com/projects/987654321098/locations/global/workloadIdentityPools/seneka-aws/providers/aws"
    error_message = "Google has a provider for the role."
  }
  assert {
    condition     = module.aws.role_session == "arn:aws:sts::123456789012:assumed-role/seneka-forwarder"
    error_message = "The role's sessions, as Google sees them."
  }
  assert {
    condition     = output.queue_url == "https://sqs.ap-northeast-1.amazonaws.com/123456789012/seneka" && startswith(output.config_uri, "gs://acme-logs-seneka-config/")
    error_message = "What a person needs."
  }
}

run "on_cloud_run" {
  variables {
    forwarder_on = "cloud-run"
    loader       = "container"
    loader_image = "asia-northeast1-docker.pkg.dev/acme-logs/seneka/loader:1"
  }

  assert {
    condition     = module.gcp.forwarder_account_id == "108642864286428642864" && module.gcp.google_audience == null
    error_message = "The forwarder has an account of Google's."
  }
  assert {
    condition     = module.gcp.aws_audience == "seneka-acme-logs-seneka"
    error_message = "Whose tokens name an audience."
  }
}
