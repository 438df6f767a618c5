# The APIs that are used. datalineage.googleapis.com is not among them, and nothing here can turn it off: a google_project_service
# that is left out says nothing. README.md tells how to look and how to turn it off.

locals {
  services = toset(concat(
    ["bigquery.googleapis.com", "bigquerystorage.googleapis.com", "iam.googleapis.com", "pubsub.googleapis.com", "run.googleapis.com", "storage.googleapis.com"],
    var.telemetry ? ["monitoring.googleapis.com", "telemetry.googleapis.com"] : [],
    var.loader == "function" ? ["artifactregistry.googleapis.com", "cloudbuild.googleapis.com", "cloudfunctions.googleapis.com"] : [],
    var.forwarder_on == "fargate" ? ["sts.googleapis.com"] : [],
  ))
}

resource "google_project_service" "used" {
  for_each = var.manage_services ? local.services : toset([])

  project            = var.project
  service            = each.value
  disable_on_destroy = false # others may use it
}
