# Workload identity federation: the forwarder on AWS proves by a signed request who it is, and there is no key to keep.

locals {
  on_fargate = var.forwarder_on == "fargate" ? 1 : 0

  # The role itself is let into the buckets, without a service account between.
  federated = [for p in google_iam_workload_identity_pool.aws : "principalSet://iam.googleapis.com/${p.name}/attribute.aws_role/${var.aws_role_session}"]
}

# A pool that was removed keeps its name for 30 days: bring it back, or choose another name.
resource "google_iam_workload_identity_pool" "aws" {
  count = local.on_fargate

  project                   = var.project
  workload_identity_pool_id = "${var.name}-aws"
  display_name              = "Seneka's forwarder on AWS"

  lifecycle {
    precondition {
      condition     = var.aws_account != null && var.aws_role_session != null
      error_message = "A forwarder on Fargate needs aws_account and aws_role_session."
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_iam_workload_identity_pool_provider" "aws" {
  count = local.on_fargate

  project                            = var.project
  workload_identity_pool_id          = google_iam_workload_identity_pool.aws[0].workload_identity_pool_id
  workload_identity_pool_provider_id = "aws"
  display_name                       = "AWS"

  aws {
    account_id = var.aws_account
  }

  # Google's own mapping for AWS, written out since the condition rests on it.
  attribute_mapping = {
    "google.subject"     = "assertion.arn"
    "attribute.aws_role" = "assertion.arn.contains('assumed-role') ? assertion.arn.extract('{account_arn}assumed-role/') + 'assumed-role/' + assertion.arn.extract('assumed-role/{role_name}/') : assertion.arn"
  }

  # One role of the account, and no other.
  attribute_condition = "attribute.aws_role == '${coalesce(var.aws_role_session, "none")}'"
}
