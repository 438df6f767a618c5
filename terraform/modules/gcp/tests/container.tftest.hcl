# What is made with both programs in Google Cloud, from images.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "987654321098" }
  }
  mock_resource "google_cloud_run_v2_service" {
    defaults = { uri = "https://seneka-loader-abc-ey.a.run.app" }
  }
  mock_resource "google_service_account" {
    defaults = { email = "account@acme-logs.iam.gserviceaccount.com", unique_id = "108642864286428642864" }
  }
}

variables {
  project         = "acme-logs"
  region          = "europe-west3"
  location        = "EU"
  queue_url       = "https://sqs.eu-central-1.amazonaws.com/123456789012/seneka"
  sources         = [{ name = "alb", match = "s3://acme-elb-logs/**.log.gz", format = "alb", table = "logs.alb" }]
  loader          = "container"
  loader_image    = "europe-west3-docker.pkg.dev/acme-logs/seneka/loader:1"
  forwarder_on    = "cloud-run"
  forwarder_image = "europe-west3-docker.pkg.dev/acme-logs/seneka/forwarder:1"
  aws_role_arn    = "arn:aws:iam::123456789012:role/seneka-forwarder"
  aws_region      = "eu-central-1"
}

run "loader" {
  assert {
    condition     = google_pubsub_subscription.loader.push_config[0].push_endpoint == "https://seneka-loader-abc-ey.a.run.app"
    error_message = "The subscription pushes to the service."
  }
  assert {
    condition     = google_cloud_run_v2_service.loader[0].custom_audiences == tolist([google_pubsub_subscription.loader.push_config[0].oidc_token[0].audience])
    error_message = "Which takes tokens for the audience that they are made for."
  }
  assert {
    condition     = google_cloud_run_v2_service.loader[0].ingress == "INGRESS_TRAFFIC_INTERNAL_ONLY" && google_cloud_run_v2_service.loader[0].template[0].timeout == "600s"
    error_message = "Nobody from outside; ten minutes a request."
  }
  assert {
    condition     = [for e in google_cloud_run_v2_service.loader[0].template[0].containers[0].env : e.name] == ["GOMEMLIMIT", "SENEKA_CONFIG", "SENEKA_MAX_BYTES", "SENEKA_PUSH_AUDIENCE", "SENEKA_PUSH_SERVICE_ACCOUNT", "SENEKA_TELEMETRY"]
    error_message = "The environment of the function, too."
  }
  assert {
    condition     = length(google_cloudfunctions2_function.loader) + length(google_storage_bucket_object.loader) + length(google_service_account.build) == 0
    error_message = "Nothing is built."
  }
  assert {
    condition     = google_bigquery_dataset.this["logs"].location == "EU"
    error_message = "Tables may lie elsewhere."
  }
}

run "forwarder" {
  assert {
    condition = { for e in google_cloud_run_v2_worker_pool.forwarder[0].template[0].containers[0].env : e.name => e.value } == {
      AWS_REGION                = "eu-central-1"
      GOMEMLIMIT                = "870MiB"
      SENEKA_AWS_AUDIENCE       = "seneka-acme-logs-seneka"
      SENEKA_AWS_ROLE_ARN       = "arn:aws:iam::123456789012:role/seneka-forwarder"
      SENEKA_CONFIG             = output.config_uri
      SENEKA_MAX_BYTES          = "100663296"
      SENEKA_TELEMETRY          = "google"
      SENEKA_VISIBILITY_SECONDS = "30"
      SENEKA_WORKERS            = "16"
    }
    error_message = "The forwarder's environment."
  }
  assert {
    condition     = google_storage_bucket_iam_member.this["forwarder_landing"].member == "serviceAccount:account@acme-logs.iam.gserviceaccount.com"
    error_message = "It has an account of its own."
  }
  assert {
    condition     = output.forwarder_account_id == "108642864286428642864" && output.google_audience == null && length(google_iam_workload_identity_pool.aws) == 0
    error_message = "Which AWS trusts; no pool is needed."
  }
}

run "a_container_without_an_image_is_refused" {
  command = plan
  variables {
    loader_image = null
  }
  expect_failures = [google_cloud_run_v2_service.loader]
}

run "a_forwarder_without_a_role_is_refused" {
  command = plan
  variables {
    aws_role_arn = null
  }
  expect_failures = [google_cloud_run_v2_worker_pool.forwarder]
}
