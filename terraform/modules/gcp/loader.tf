# What both forms of the loader have: its names, its environment, its address.

locals {
  as_function  = var.loader == "function" ? 1 : 0
  as_container = var.loader == "container" ? 1 : 0

  loader_name    = "${var.name}-loader"
  loader_service = one(concat([for f in google_cloudfunctions2_function.loader : f.name], [for s in google_cloud_run_v2_service.loader : s.name]))
  loader_url     = one(concat([for f in google_cloudfunctions2_function.loader : f.service_config[0].uri], [for s in google_cloud_run_v2_service.loader : s.uri]))

  # Whom the tokens of the pushes are for. It has to be known before the service has an address: a function takes its own
  # cloudfunctions.net one, a service what its custom audiences say.
  loader_audience = "https://${var.region}-${var.project}.cloudfunctions.net/${local.loader_name}"

  # What the program reads; ARCHITECTURE.md has the table.
  loader_environment = merge({
    SENEKA_CONFIG               = local.config_uri
    SENEKA_MAX_BYTES            = tostring(var.loader_size.budget_mib * 1048576)
    SENEKA_PUSH_AUDIENCE        = local.loader_audience
    SENEKA_PUSH_SERVICE_ACCOUNT = google_service_account.pusher.email
    GOMEMLIMIT                  = "${floor(var.loader_size.memory_mib * 0.85)}MiB"
  }, var.telemetry ? { SENEKA_TELEMETRY = "google" } : {}, var.loader_environment)

  config_uri = "gs://${google_storage_bucket.config.name}/${google_storage_bucket_object.config.name}"
}
