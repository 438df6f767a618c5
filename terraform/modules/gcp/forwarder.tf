# The forwarder on Cloud Run: a worker pool, which is always there and has no address. It takes on a role of AWS by a token of its
# account.

locals {
  # Whom the tokens are for that AWS takes. Any name will do that is nobody else's.
  aws_audience = "seneka-${var.project}-${var.name}"

  # What the program reads; ARCHITECTURE.md has the table.
  forwarder_environment = merge({
    SENEKA_CONFIG             = local.config_uri
    SENEKA_WORKERS            = tostring(var.forwarder_size.workers)
    SENEKA_MAX_BYTES          = tostring(var.forwarder_size.budget_mib * 1048576)
    SENEKA_VISIBILITY_SECONDS = tostring(var.forwarder_size.visibility_seconds)
    SENEKA_AWS_ROLE_ARN       = var.aws_role_arn
    SENEKA_AWS_AUDIENCE       = local.aws_audience
    AWS_REGION                = var.aws_region
    GOMEMLIMIT                = "${floor(var.forwarder_size.memory_mib * 0.85)}MiB"
  }, var.telemetry ? { SENEKA_TELEMETRY = "google" } : {}, var.forwarder_environment)
}

resource "google_cloud_run_v2_worker_pool" "forwarder" {
  count = local.on_cloud_run

  project             = var.project
  location            = var.region
  name                = "${var.name}-forwarder"
  description         = "Seneka: copies what S3 announces to the landing bucket."
  deletion_protection = false # it holds nothing
  labels              = var.labels

  scaling {
    manual_instance_count = var.forwarder_size.count
  }

  template {
    service_account = google_service_account.forwarder[0].email

    containers {
      image = var.forwarder_image

      resources {
        limits = {
          cpu    = tostring(var.forwarder_size.cpu)
          memory = "${var.forwarder_size.memory_mib}Mi"
        }
      }

      dynamic "env" {
        for_each = local.forwarder_environment

        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.forwarder_image != null && var.aws_role_arn != null && var.aws_region != null
      error_message = "A forwarder on Cloud Run needs forwarder_image, aws_role_arn and aws_region."
    }
  }

  depends_on = [google_storage_bucket_iam_member.this]
}
