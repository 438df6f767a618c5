# Buckets of three accounts, each in its own way; the loader as a container, with room for a large stream of files.

terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 6.0"
    }
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "aws" {
  region = "ap-northeast-1"
}

# The account of the payments team, for what its bucket has to be told.
provider "aws" {
  alias  = "payments"
  region = "ap-northeast-1"

  assume_role {
    role_arn = "arn:aws:iam::210987654321:role/terraform"
  }
}

provider "google" {
  project = "acme-logs"
  region  = "asia-northeast1"
}

module "seneka" {
  source = "../.."

  project  = "acme-logs"
  region   = "asia-northeast1"
  location = "asia-northeast1"

  buckets = {
    # Of this account, with notifications of others: EventBridge is on already, and a rule of ours listens.
    acme-elb-logs = {
      manage_notifications = false
      notify               = "eventbridge"
      prefix               = "prod/"
    }
    # It notifies a topic that others listen to as well.
    acme-cloudtrail = {
      manage_notifications = false
      notify               = "sns"
      topic_arn            = "arn:aws:sns:ap-northeast-1:123456789012:cloudtrail-objects"
      kms_key_arn          = "arn:aws:kms:ap-northeast-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
    }
    # Of another account, which sets its notifications and its policy below.
    acme-payments-logs = {
      manage_notifications = false
      account              = "210987654321"
      versioned            = true
    }
  }

  sources = [
    {
      name   = "alb-payments"
      match  = "s3://acme-payments-logs/AWSLogs/*/elasticloadbalancing/**.log.gz"
      format = "alb"
      table  = "payments_logs.alb"
    },
    {
      name   = "alb"
      match  = "s3://acme-elb-logs/prod/**/elasticloadbalancing/**.log.gz"
      format = "alb"
      table  = "logs.alb"
    },
    {
      name             = "app"
      match            = "s3://acme-elb-logs/prod/app/{service}/**.gz"
      format           = "ndjson"
      table            = "logs.app_{service}"
      schema           = "schemas/app.json"
      partition        = { column = "time" }
      on_conflict      = "extra"
      max_reject_ratio = 0.01
    },
    {
      name   = "cloudtrail"
      match  = "s3://acme-cloudtrail/AWSLogs/**/CloudTrail/**.json.gz"
      format = "cloudtrail"
      table  = "audit.cloudtrail"
    },
  ]

  schemas = { "schemas/app.json" = file("${path.module}/app.json") }

  forwarder_image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/seneka-forwarder:1.0.0"
  fargate         = { count = 3, spot = true, cpu = 1024, memory_mib = 2048, workers = 32, budget_mib = 192 }
  vpc_id          = "vpc-0123456789abcdef0"
  subnet_ids      = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]

  loader       = "container"
  loader_image = "asia-northeast1-docker.pkg.dev/acme-logs/seneka/loader:1.0.0"
  loader_size  = { min_instances = 1, max_instances = 60, memory_mib = 1024, budget_mib = 192, concurrency = 24 }

  notification_channels = ["projects/acme-logs/notificationChannels/1234567890"]
  alarm_topic_arns      = ["arn:aws:sns:ap-northeast-1:123456789012:on-call"]
}

resource "aws_s3_bucket_notification" "payments" {
  provider = aws.payments

  bucket = "acme-payments-logs"

  queue {
    id        = "seneka"
    queue_arn = module.seneka.queue_arn
    events    = ["s3:ObjectCreated:*"]
  }
}

resource "aws_s3_bucket_policy" "payments" {
  provider = aws.payments

  bucket = "acme-payments-logs"
  policy = module.seneka.bucket_policies["acme-payments-logs"] # with others: join their statements
}
