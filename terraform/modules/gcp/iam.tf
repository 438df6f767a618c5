# The accounts and what they may do: docs/security.md has the tables. The roles hold exactly what the programs' calls need.

resource "google_service_account" "loader" {
  project      = var.project
  account_id   = "${var.name}-loader"
  display_name = "Seneka's loader"
}

resource "google_service_account" "pusher" {
  project      = var.project
  account_id   = "${var.name}-pusher"
  display_name = "Seneka's subscription, as which it calls the loader"
}

# The forwarder has one on Cloud Run only. On AWS it is its role.
resource "google_service_account" "forwarder" {
  count = local.on_cloud_run

  project      = var.project
  account_id   = "${var.name}-forwarder"
  display_name = "Seneka's forwarder"
}

locals {
  on_cloud_run = var.forwarder_on == "cloud-run" ? 1 : 0

  roles = {
    object_reader  = ["storage.objects.get"]
    object_creator = ["storage.objects.create"]
    object_keeper  = ["storage.objects.get", "storage.objects.create", "storage.objects.delete"]
    table_loader   = ["bigquery.tables.get", "bigquery.tables.create", "bigquery.tables.update", "bigquery.tables.updateData", "bigquery.tables.getData"]
    job_runner     = ["bigquery.jobs.create"]
    event_teller   = ["pubsub.topics.publish"]
  }

  loader    = "serviceAccount:${google_service_account.loader.email}"
  forwarder = one(concat([for a in google_service_account.forwarder : "serviceAccount:${a.email}"], local.federated))

  # Who has which role on which bucket.
  bucket_grants = {
    forwarder_landing = { member = local.forwarder, role = "object_keeper", bucket = google_storage_bucket.landing.name }
    forwarder_ledger  = { member = local.forwarder, role = "object_creator", bucket = google_storage_bucket.ledger.name, below = "unmatched/" }
    forwarder_config  = { member = local.forwarder, role = "object_reader", bucket = google_storage_bucket.config.name }
    loader_landing    = { member = local.loader, role = "object_reader", bucket = google_storage_bucket.landing.name }
    loader_ledger     = { member = local.loader, role = "object_keeper", bucket = google_storage_bucket.ledger.name }
    loader_config     = { member = local.loader, role = "object_reader", bucket = google_storage_bucket.config.name }
  }
}

# A role that was removed keeps its name for a week: bring it back, or choose another name.
resource "google_project_iam_custom_role" "this" {
  for_each = local.roles

  project     = var.project
  role_id     = "${replace(var.name, "-", "_")}_${each.key}"
  title       = "Seneka: ${replace(each.key, "_", " ")}"
  permissions = each.value
}

resource "google_storage_bucket_iam_member" "this" {
  for_each = local.bucket_grants

  bucket = each.value.bucket
  role   = google_project_iam_custom_role.this[each.value.role].name
  member = each.value.member

  dynamic "condition" {
    for_each = can(each.value.below) ? [each.value.below] : []

    content {
      title      = "below ${condition.value}"
      expression = "resource.name.startsWith(\"projects/_/buckets/${each.value.bucket}/objects/${condition.value}\")"
    }
  }
}

resource "google_bigquery_dataset_iam_member" "loader" {
  for_each = local.datasets

  project    = var.project
  dataset_id = var.manage_datasets ? google_bigquery_dataset.this[each.value].dataset_id : each.value
  role       = google_project_iam_custom_role.this["table_loader"].name
  member     = local.loader
}

resource "google_project_iam_member" "loader_queries" {
  project = var.project
  role    = google_project_iam_custom_role.this["job_runner"].name
  member  = local.loader
}

# Metrics and traces, of both programs.
resource "google_project_iam_member" "telemetry" {
  for_each = var.telemetry ? {
    loader    = local.loader
    forwarder = local.forwarder
  } : {}

  project = var.project
  role    = "roles/telemetry.writer"
  member  = each.value
}

# The subscription pushes as an account that may call the loader and nothing else.
resource "google_cloud_run_v2_service_iam_member" "pusher" {
  project  = var.project
  location = var.region
  name     = local.loader_service
  role     = "roles/run.invoker"
  member   = "serviceAccount:${google_service_account.pusher.email}"
}

resource "google_service_account_iam_member" "pubsub_signs" {
  service_account_id = google_service_account.pusher.name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
