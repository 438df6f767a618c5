# The loader as a function: Google builds it from the source archive. It has no event trigger: that one's subscription keeps events
# for a day only and does not retry by itself. The subscription in pubsub.tf pushes to it as to any service.

resource "google_storage_bucket_object" "loader" {
  count = local.as_function

  bucket = google_storage_bucket.config.name
  name   = "loader-${substr(filesha256(var.loader_archive), 0, 12)}.zip"
  source = var.loader_archive

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_service_account" "build" {
  count = local.as_function

  project      = var.project
  account_id   = "${var.name}-build"
  display_name = "Builds Seneka's loader"
}

# Reads the archive, writes the image and the log of the build.
resource "google_project_iam_member" "build" {
  for_each = local.as_function == 1 ? toset(["roles/artifactregistry.writer", "roles/logging.logWriter", "roles/storage.objectViewer"]) : toset([])

  project = var.project
  role    = each.value
  member  = "serviceAccount:${google_service_account.build[0].email}"
}

resource "google_cloudfunctions2_function" "loader" {
  count = local.as_function

  project     = var.project
  location    = var.region
  name        = local.loader_name
  description = "Seneka: loads what lands into BigQuery."
  labels      = var.labels

  build_config {
    runtime         = var.loader_runtime
    entry_point     = "Load"
    service_account = google_service_account.build[0].id

    source {
      storage_source {
        bucket = google_storage_bucket.config.name
        object = google_storage_bucket_object.loader[0].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.loader.email
    ingress_settings                 = "ALLOW_INTERNAL_ONLY" # the pushes of this project's subscriptions count as such
    all_traffic_on_latest_revision   = true
    min_instance_count               = var.loader_size.min_instances
    max_instance_count               = var.loader_size.max_instances
    max_instance_request_concurrency = var.loader_size.concurrency
    available_cpu                    = tostring(var.loader_size.cpu)
    available_memory                 = "${var.loader_size.memory_mib}Mi"
    timeout_seconds                  = var.loader_size.timeout_seconds
    environment_variables            = local.loader_environment
  }

  depends_on = [
    google_project_iam_member.build,
    google_storage_bucket_iam_member.this,
    google_bigquery_dataset_iam_member.loader,
    google_project_iam_member.loader_queries,
  ]
}
