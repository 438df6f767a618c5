# Both programs in Google Cloud; of AWS only the queue and a role. No network of your own, and no container platform but Cloud Run.

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
  region = "eu-central-1"
}

provider "google" {
  project = "acme-logs"
  region  = "europe-west3"
}

module "seneka" {
  source = "../.."

  project  = "acme-logs"
  region   = "europe-west3"
  location = "EU"

  buckets = {
    acme-web-logs = { manage_notifications = true, prefix = "cloudfront/" }
  }

  sources = [{
    name   = "cloudfront"
    match  = "s3://acme-web-logs/cloudfront/**.gz"
    format = "cloudfront"
    table  = "logs.cloudfront"
  }]

  forwarder_on    = "cloud-run"
  forwarder_image = "europe-west3-docker.pkg.dev/acme-logs/seneka/forwarder:1.0.0"
  loader          = "container"
  loader_image    = "europe-west3-docker.pkg.dev/acme-logs/seneka/loader:1.0.0"
}
