# seneka.yaml and what it names. Its folder is named by its content: a change is a new name, so that the programs, which read it when
# they start, are started anew, and instances that still run find the old one until they are gone.

locals {
  config = merge({
    project  = var.project
    landing  = "gs://${google_storage_bucket.landing.name}"
    ledger   = "gs://${google_storage_bucket.ledger.name}"
    queue    = var.queue_url
    compress = var.compress
    sources = [for s in var.sources : {
      for key, value in {
        name             = s.name
        match            = s.match
        format           = s.format
        table            = s.table
        schema           = s.schema
        partition        = s.partition
        on_conflict      = s.on_conflict
        csv              = s.csv == null ? null : { for k, v in s.csv : k => v if v != null }
        on_change        = s.on_change
        max_reject_ratio = s.max_reject_ratio
      } : key => value if value != null
    }]
  }, { for t in google_pubsub_topic.events : "events" => t.id })
  yaml   = yamlencode(local.config)
  folder = substr(sha256(jsonencode([local.yaml, var.schemas])), 0, 12)
}

resource "google_storage_bucket_object" "config" {
  bucket       = google_storage_bucket.config.name
  name         = "${local.folder}/seneka.yaml"
  content      = local.yaml
  content_type = "application/yaml"

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_storage_bucket_object.schema]
}

resource "google_storage_bucket_object" "schema" {
  for_each = var.schemas

  bucket       = google_storage_bucket.config.name
  name         = "${local.folder}/${each.key}"
  content      = each.value
  content_type = "application/json"

  lifecycle {
    create_before_destroy = true
  }
}
