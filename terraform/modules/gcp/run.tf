# The loader as a service, from its image.

resource "google_cloud_run_v2_service" "loader" {
  count = local.as_container

  project             = var.project
  location            = var.region
  name                = local.loader_name
  description         = "Seneka: loads what lands into BigQuery."
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY" # the pushes of this project's subscriptions count as such
  custom_audiences    = [local.loader_audience]
  deletion_protection = false # it holds nothing
  labels              = var.labels

  template {
    service_account                  = google_service_account.loader.email
    timeout                          = "${var.loader_size.timeout_seconds}s"
    max_instance_request_concurrency = var.loader_size.concurrency

    scaling {
      min_instance_count = var.loader_size.min_instances
      max_instance_count = var.loader_size.max_instances
    }

    containers {
      image = var.loader_image

      resources {
        limits = {
          cpu    = tostring(var.loader_size.cpu)
          memory = "${var.loader_size.memory_mib}Mi"
        }
        cpu_idle          = true # paid for while there are requests
        startup_cpu_boost = true
      }

      dynamic "env" {
        for_each = local.loader_environment

        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        period_seconds    = 1
        failure_threshold = 60

        http_get {
          path = "/healthz"
        }
      }

      liveness_probe {
        period_seconds = 30

        http_get {
          path = "/healthz"
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = var.loader_image != null
      error_message = "The loader as a container needs loader_image."
    }
  }

  depends_on = [
    google_storage_bucket_iam_member.this,
    google_bigquery_dataset_iam_member.loader,
    google_project_iam_member.loader_queries,
  ]
}
