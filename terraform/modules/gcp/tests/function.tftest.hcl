# What is made with the loader as a function and the forwarder on AWS.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "987654321098" }
  }
  mock_data "google_storage_project_service_account" {
    defaults = { email_address = "service-987654321098@gs-project-accounts.iam.gserviceaccount.com" }
  }
  mock_resource "google_pubsub_topic" {
    defaults = { id = "projects/acme-logs/topics/some" }
  }
  mock_resource "google_project_iam_custom_role" {
    defaults = { name = "projects/acme-logs/roles/seneka" }
  }
  mock_resource "google_iam_workload_identity_pool" {
    defaults = { name = "projects/987654321098/locations/global/workloadIdentityPools/seneka-aws" }
  }
  mock_resource "google_iam_workload_identity_pool_provider" {
    defaults = { name = "projects/987654321098/locations/global/workloadIdentityPools/seneka-aws/providers/aws" }
  }
  mock_resource "google_cloudfunctions2_function" {
    defaults = { service_config = { uri = "https://seneka-loader-abc-an.a.run.app" } }
  }
}

override_resource {
  target = google_service_account.loader
  values = { email = "seneka-loader@acme-logs.iam.gserviceaccount.com" }
}

override_resource {
  target = google_service_account.pusher
  values = { email = "seneka-pusher@acme-logs.iam.gserviceaccount.com" }
}

variables {
  project        = "acme-logs"
  region         = "asia-northeast1"
  queue_url      = "https://sqs.ap-northeast-1.amazonaws.com/123456789012/seneka"
  loader_archive = "tests/function.zip"
  sources = [
    { name = "alb", match = "s3://acme-elb-logs/**/elasticloadbalancing/**.log.gz", format = "alb", table = "logs.alb", max_reject_ratio = 0.01 },
    { name = "app", match = "s3://acme-app-logs/{service}/**.gz", format = "ndjson", table = "logs.app_{service}", schema = "schemas/app.json", partition = { column = "time" }, on_conflict = "extra", on_change = "ignore" },
    { name = "orders", match = "s3://acme-exports/orders/**.csv", format = "csv", table = "exports.orders", csv = { delimiter = ";", header = "present" } },
  ]
  schemas          = { "schemas/app.json" = "[{\"name\": \"time\", \"type\": \"TIMESTAMP\"}]" }
  aws_account      = "123456789012"
  aws_role_session = "arn:aws:sts::123456789012:assumed-role/seneka-forwarder"
}

run "buckets" {
  assert {
    condition     = alltrue([for b in [google_storage_bucket.landing, google_storage_bucket.ledger, google_storage_bucket.config] : b.uniform_bucket_level_access && b.public_access_prevention == "enforced"])
    error_message = "Nobody is let in but by a role."
  }
  assert {
    condition     = { for r in google_storage_bucket.landing.lifecycle_rule : r.action[0].type => r.condition[0].age } == { Delete = 14, AbortIncompleteMultipartUpload = 1 }
    error_message = "Copies go after two weeks."
  }
  assert {
    condition     = length(google_storage_bucket.ledger.lifecycle_rule) == 0
    error_message = "Claims never go."
  }
  assert {
    condition     = google_storage_bucket.landing.soft_delete_policy[0].retention_duration_seconds == 0 && google_storage_bucket.ledger.soft_delete_policy[0].retention_duration_seconds == 2592000
    error_message = "Soft delete is off where it only costs, and on where it saves."
  }
}

# modules_test.go gives the same file to the programs' own parser.
run "configuration" {
  assert {
    condition     = google_storage_bucket_object.config.content == file("tests/seneka.yaml")
    error_message = "seneka.yaml is as in tests/seneka.yaml: ${google_storage_bucket_object.config.content}"
  }
  assert {
    condition     = dirname(google_storage_bucket_object.config.name) == dirname(dirname(google_storage_bucket_object.schema["schemas/app.json"].name))
    error_message = "Schemas lie where the configuration says, beside it."
  }
  assert {
    condition     = output.config_uri == "gs://acme-logs-seneka-config/${google_storage_bucket_object.config.name}"
    error_message = "SENEKA_CONFIG leads to it."
  }
}

run "another_schema_is_another_configuration" {
  variables {
    schemas = { "schemas/app.json" = "[]" }
  }

  assert {
    condition     = output.config_uri != run.configuration.config_uri
    error_message = "A change of a schema starts the programs anew."
  }
}

run "subscription" {
  assert {
    condition     = google_storage_notification.landed.payload_format == "JSON_API_V1" && google_storage_notification.landed.event_types == tolist(["OBJECT_FINALIZE"])
    error_message = "What lands is announced, with its metadata."
  }
  assert {
    condition     = google_pubsub_subscription.loader.ack_deadline_seconds == 600 && google_pubsub_subscription.loader.message_retention_duration == "604800s"
    error_message = "A load has ten minutes, a message seven days."
  }
  assert {
    condition     = google_pubsub_subscription.loader.expiration_policy[0].ttl == "" && google_pubsub_subscription.dead_letters.expiration_policy[0].ttl == ""
    error_message = "No subscription expires."
  }
  assert {
    condition     = google_pubsub_subscription.loader.retry_policy[0] == { minimum_backoff = "10s", maximum_backoff = "600s" }
    error_message = "It is tried again with back-off."
  }
  assert {
    condition     = google_pubsub_subscription.loader.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.dead_letters.id && google_pubsub_subscription.dead_letters.topic == google_pubsub_topic.dead_letters.id
    error_message = "What is parked is kept by a subscription."
  }
  assert {
    condition     = google_pubsub_subscription.loader.push_config[0].push_endpoint == "https://seneka-loader-abc-an.a.run.app"
    error_message = "It pushes to the loader."
  }
  assert {
    condition = google_pubsub_subscription.loader.push_config[0].oidc_token[0] == {
      service_account_email = google_cloudfunctions2_function.loader[0].service_config[0].environment_variables.SENEKA_PUSH_SERVICE_ACCOUNT
      audience              = google_cloudfunctions2_function.loader[0].service_config[0].environment_variables.SENEKA_PUSH_AUDIENCE
    }
    error_message = "The loader asks for the tokens that the subscription brings."
  }
}

run "function" {
  assert {
    condition = google_cloudfunctions2_function.loader[0].service_config[0].environment_variables == tomap({
      GOMEMLIMIT                  = "435MiB"
      SENEKA_CONFIG               = output.config_uri
      SENEKA_MAX_BYTES            = "100663296"
      SENEKA_PUSH_AUDIENCE        = "https://asia-northeast1-acme-logs.cloudfunctions.net/seneka-loader"
      SENEKA_PUSH_SERVICE_ACCOUNT = "seneka-pusher@acme-logs.iam.gserviceaccount.com"
      SENEKA_TELEMETRY            = "google"
    })
    error_message = "The function's environment."
  }
  assert {
    condition     = google_cloudfunctions2_function.loader[0].build_config[0].entry_point == "Load" && length(google_cloudfunctions2_function.loader[0].event_trigger) == 0
    error_message = "An HTTP function of the name that function.go registers."
  }
  assert {
    condition     = length(google_cloud_run_v2_service.loader) + length(google_cloud_run_v2_worker_pool.forwarder) + length(google_service_account.forwarder) == 0
    error_message = "And no container."
  }
}

run "identities" {
  assert {
    condition     = google_storage_bucket_iam_member.this["forwarder_landing"].member == "principalSet://iam.googleapis.com/projects/987654321098/locations/global/workloadIdentityPools/seneka-aws/attribute.aws_role/arn:aws:sts::123456789012:assumed-role/seneka-forwarder"
    error_message = "The role of AWS itself is let in: ${google_storage_bucket_iam_member.this["forwarder_landing"].member}"
  }
  assert {
    condition     = google_iam_workload_identity_pool_provider.aws[0].attribute_condition == "attribute.aws_role == 'arn:aws:sts::123456789012:assumed-role/seneka-forwarder'"
    error_message = "And no other role of the account."
  }
  assert {
    condition     = output.google_audience == "//iam.googleapis.com/projects/987654321098/locations/global/workloadIdentityPools/seneka-aws/providers/aws"
    error_message = "It proves itself to that provider."
  }
  assert {
    condition     = one(google_storage_bucket_iam_member.this["forwarder_ledger"].condition).expression == "resource.name.startsWith(\"projects/_/buckets/acme-logs-seneka-ledger/objects/unmatched/\")"
    error_message = "In the ledger the forwarder writes below unmatched/ only."
  }
  assert {
    condition     = keys(google_bigquery_dataset_iam_member.loader) == ["exports", "logs"] && keys(google_bigquery_dataset.this) == ["exports", "logs"]
    error_message = "The loader is let into the datasets that sources name."
  }
}

run "alerts" {
  assert {
    condition     = keys(google_monitoring_alert_policy.this) == ["dead-letters", "freshness", "memory-growth", "queue-age", "reject-ratio", "stream-quota"]
    error_message = "Six alerts."
  }
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.this[0].dashboard_json).mosaicLayout.tiles) == 12
    error_message = "A dashboard of twelve charts."
  }
}

run "without_telemetry" {
  variables {
    telemetry       = false
    manage_datasets = false
    manage_services = false
  }

  assert {
    condition     = keys(google_monitoring_alert_policy.this) == ["dead-letters", "queue-age"] && length(google_monitoring_dashboard.this) == 0
    error_message = "Google's own metrics are watched all the same."
  }
  assert {
    condition     = !contains(keys(google_cloudfunctions2_function.loader[0].service_config[0].environment_variables), "SENEKA_TELEMETRY") && length(google_project_iam_member.telemetry) == 0
    error_message = "Nothing is sent."
  }
  assert {
    condition     = length(google_bigquery_dataset.this) == 0 && keys(google_bigquery_dataset_iam_member.loader) == ["exports", "logs"] && length(google_project_service.used) == 0
    error_message = "What exists is left alone, and used."
  }
}

run "with_events" {
  variables {
    events = true
  }

  assert {
    condition     = yamldecode(google_storage_bucket_object.config.content).events == "projects/acme-logs/topics/some" && output.events_topic == "projects/acme-logs/topics/some"
    error_message = "The configuration names the topic."
  }
  assert {
    condition     = google_pubsub_topic_iam_member.loader_tells[0].topic == "seneka-events"
    error_message = "The loader may publish to it."
  }
}

run "copies_that_go_before_their_messages_are_refused" {
  command = plan
  variables {
    landing_days = 7
  }
  expect_failures = [var.landing_days]
}

run "more_memory_than_there_is_is_refused" {
  command = plan
  variables {
    loader_size = { budget_mib = 256 }
  }
  expect_failures = [var.loader_size]
}

run "a_fargate_forwarder_without_a_role_is_refused" {
  command = plan
  variables {
    aws_role_session = null
  }
  expect_failures = [google_iam_workload_identity_pool.aws]
}
