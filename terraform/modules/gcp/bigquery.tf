# The datasets that sources name. Tables are the loader's to make.

locals {
  datasets = toset([for s in var.sources : split(".", s.table)[0]])
}

resource "google_bigquery_dataset" "this" {
  for_each = var.manage_datasets ? local.datasets : toset([])

  project     = var.project
  dataset_id  = each.value
  location    = coalesce(var.location, var.region)
  description = "Logs, by Seneka: seneka_loads says what was loaded, seneka_rejects what could not be parsed."
  labels      = var.labels

  # Terraform removes no dataset that has tables in it.
  delete_contents_on_destroy = false

  depends_on = [google_project_service.used]
}
