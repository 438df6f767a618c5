output "config_uri" {
  description = "Where seneka.yaml lies: SENEKA_CONFIG for seneka on your machine."
  value       = module.gcp.config_uri
}

output "queue_url" {
  description = "URL of the queue that the source buckets notify."
  value       = module.aws.queue_url
}

output "queue_arn" {
  description = "ARN of that queue, for notifications that are set elsewhere."
  value       = module.aws.queue_arn
}

output "dead_letter_queue_url" {
  description = "URL of the queue where S3's events are parked."
  value       = module.aws.dead_letter_queue_url
}

output "dead_letter_subscription" {
  description = "The subscription where notifications of landed files are parked."
  value       = module.gcp.dead_letter_subscription
}

output "events_topic" {
  description = "The topic that hears of what is loaded; null without events."
  value       = module.gcp.events_topic
}

output "landing_bucket" {
  description = "The bucket that files are copied to."
  value       = module.gcp.landing_bucket
}

output "ledger_bucket" {
  description = "The bucket that says what was loaded."
  value       = module.gcp.ledger_bucket
}

output "notifications" {
  description = "What is to be added to the notifications of buckets whose notifications are not managed, by bucket."
  value       = module.aws.notifications
}

output "bucket_policies" {
  description = "What the owners of buckets in other accounts are to add to their policies, by bucket."
  value       = module.aws.bucket_policies
}
