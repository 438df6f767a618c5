# The landing bucket, the ledger and the bucket of the configuration. Nobody is let in but by a role on the bucket.

resource "google_storage_bucket" "landing" {
  project                     = var.project
  name                        = "${var.project}-${var.name}-landing"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = var.labels

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age = var.landing_days
    }
  }
  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 1
    }
  }

  # S3 has the originals: a copy that is deleted would only be paid for a second time.
  soft_delete_policy {
    retention_duration_seconds = 0
  }

  depends_on = [google_project_service.used]
}

# The ledger says what was loaded. A file whose claim is gone would be loaded again: no lifecycle, and never destroyed from here.
resource "google_storage_bucket" "ledger" {
  project                     = var.project
  name                        = "${var.project}-${var.name}-ledger"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  labels                      = var.labels

  # Claims are small and hardly ever replaced: it costs next to nothing, and what a slip removes can be had back.
  soft_delete_policy {
    retention_duration_seconds = 2592000 # 30 days
  }

  lifecycle {
    prevent_destroy = true
  }

  depends_on = [google_project_service.used]
}

resource "google_storage_bucket" "config" {
  project                     = var.project
  name                        = "${var.project}-${var.name}-config"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true # all that is in it comes from here
  labels                      = var.labels

  depends_on = [google_project_service.used]
}
