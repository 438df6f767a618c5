terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

data "google_project" "this" {
  project_id = var.project
}

locals {
  number = data.google_project.this.number

  # Agents of Google's in this project, which act for its services.
  pubsub_agent = "serviceAccount:service-${local.number}@gcp-sa-pubsub.iam.gserviceaccount.com"
}
