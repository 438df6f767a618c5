# What lands is announced to the topic, and pushed to the loader until it is done or parked.

data "google_storage_project_service_account" "this" {
  project    = var.project
  depends_on = [google_project_service.used]
}

resource "google_pubsub_topic" "landing" {
  project = var.project
  name    = "${var.name}-landing"
  labels  = var.labels

  depends_on = [google_project_service.used]
}

resource "google_pubsub_topic_iam_member" "storage_publishes" {
  project = var.project
  topic   = google_pubsub_topic.landing.name
  role    = "roles/pubsub.publisher"
  member  = "serviceAccount:${data.google_storage_project_service_account.this.email_address}"
}

resource "google_storage_notification" "landed" {
  bucket         = google_storage_bucket.landing.name
  topic          = google_pubsub_topic.landing.id
  payload_format = "JSON_API_V1" # with the metadata that names the S3 object; without it each file costs one request more
  event_types    = ["OBJECT_FINALIZE"]

  # Cloud Storage refuses a topic that it may not publish to.
  depends_on = [google_pubsub_topic_iam_member.storage_publishes]
}

resource "google_pubsub_subscription" "loader" {
  project                    = var.project
  name                       = "${var.name}-loader"
  topic                      = google_pubsub_topic.landing.id
  ack_deadline_seconds       = 600       # the most: also how long a push waits for its answer
  message_retention_duration = "604800s" # 7 days
  labels                     = var.labels

  expiration_policy {
    ttl = "" # never, however long no file comes
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead_letters.id
    max_delivery_attempts = var.max_delivery_attempts
  }

  push_config {
    push_endpoint = local.loader_url

    oidc_token {
      service_account_email = google_service_account.pusher.email
      audience              = local.loader_audience
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.pusher, google_service_account_iam_member.pubsub_signs]
}

resource "google_pubsub_topic" "dead_letters" {
  project = var.project
  name    = "${var.name}-dead-letter"
  labels  = var.labels

  depends_on = [google_project_service.used]
}

# Without a subscription a topic keeps nothing. seneka replay reads this one.
resource "google_pubsub_subscription" "dead_letters" {
  project                    = var.project
  name                       = "${var.name}-dead-letter"
  topic                      = google_pubsub_topic.dead_letters.id
  ack_deadline_seconds       = 60
  message_retention_duration = "2678400s" # 31 days, the most
  labels                     = var.labels

  expiration_policy {
    ttl = ""
  }
}

# Pub/Sub parks messages itself: by its agent, which publishes the one and acknowledges the other.
resource "google_pubsub_topic_iam_member" "pubsub_parks" {
  project = var.project
  topic   = google_pubsub_topic.dead_letters.name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "pubsub_acknowledges" {
  project      = var.project
  subscription = google_pubsub_subscription.loader.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

# What the loader tells of each file that it loaded, to whom it may concern.
resource "google_pubsub_topic" "events" {
  count = var.events ? 1 : 0

  project = var.project
  name    = "${var.name}-events"
  labels  = var.labels

  depends_on = [google_project_service.used]
}

resource "google_pubsub_topic_iam_member" "loader_tells" {
  count = var.events ? 1 : 0

  project = var.project
  topic   = google_pubsub_topic.events[0].name
  role    = google_project_iam_custom_role.this["event_teller"].name
  member  = local.loader
}
