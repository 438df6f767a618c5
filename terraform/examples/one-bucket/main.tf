# One bucket of load balancer logs into one table. The forwarder runs on Fargate, the loader is a function.

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

  # Keep the state where others find it, and where it is locked.
  # backend "gcs" {
  #   bucket = "acme-terraform"
  #   prefix = "seneka"
  # }
}

provider "aws" {
  region = "ap-northeast-1" # of the bucket: S3 notifies queues of its own region
}

provider "google" {
  project = "acme-logs"
  region  = "asia-northeast1"
}

module "seneka" {
  source = "../.."

  project = "acme-logs"
  region  = "asia-northeast1"

  buckets = {
    # Nothing else is notified by it: Terraform may own its notifications.
    acme-elb-logs = { manage_notifications = true }
  }

  sources = [{
    name   = "alb"
    match  = "s3://acme-elb-logs/**/elasticloadbalancing/**.log.gz"
    format = "alb"
    table  = "logs.alb"
  }]

  forwarder_image = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/seneka-forwarder:1.0.0"
  vpc_id          = "vpc-0123456789abcdef0"
  subnet_ids      = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  loader_archive  = "${path.module}/function.zip" # make function-zip
}

output "config_uri" {
  description = "SENEKA_CONFIG for seneka on your machine."
  value       = module.seneka.config_uri
}
