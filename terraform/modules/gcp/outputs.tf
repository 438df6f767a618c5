output "config_uri" {
  description = "Where seneka.yaml lies: SENEKA_CONFIG of the forwarder, and of seneka on a person's machine."
  value       = local.config_uri
}

output "landing_bucket" {
  description = "The bucket that files are copied to."
  value       = google_storage_bucket.landing.name
}

output "ledger_bucket" {
  description = "The bucket that says what was loaded."
  value       = google_storage_bucket.ledger.name
}

output "dead_letter_subscription" {
  description = "Where notifications are parked that were delivered too often: projects/PROJECT/subscriptions/NAME."
  value       = google_pubsub_subscription.dead_letters.id
}

output "events_topic" {
  description = "The topic that hears of what is loaded, projects/PROJECT/topics/NAME; null without events."
  value       = one(google_pubsub_topic.events[*].id)
}

output "loader_url" {
  description = "Where the subscription pushes to."
  value       = local.loader_url
}

output "google_audience" {
  description = "The provider that the forwarder on AWS proves itself to: SENEKA_GOOGLE_AUDIENCE."
  value       = one([for p in google_iam_workload_identity_pool_provider.aws : "//iam.googleapis.com/${p.name}"])
}

output "forwarder_account_id" {
  description = "The unique ID of the forwarder's account on Cloud Run, which its role in AWS trusts."
  value       = one(google_service_account.forwarder[*].unique_id)
}

output "aws_audience" {
  description = "Whom the forwarder's tokens on Cloud Run are for, as its role in AWS asks."
  value       = local.aws_audience
}
