# Both sides, joined. Neither needs a key of the other: the forwarder's role in AWS and its identity at Google trust each other.

module "aws" {
  source = "./modules/aws"

  name    = var.name
  buckets = var.buckets

  forwarder_on     = var.forwarder_on
  forwarder_image  = var.forwarder_image
  forwarder_size   = var.fargate
  environment      = merge(var.telemetry ? { SENEKA_TELEMETRY = "google" } : {}, var.forwarder_environment)
  vpc_id           = var.vpc_id
  subnet_ids       = var.subnet_ids
  assign_public_ip = var.assign_public_ip

  config_uri                      = module.gcp.config_uri
  google_audience                 = module.gcp.google_audience
  google_service_account_id       = module.gcp.forwarder_account_id
  google_service_account_audience = module.gcp.aws_audience

  queue_kms_key_arn = var.queue_kms_key_arn
  alarm_topic_arns  = var.alarm_topic_arns
  playbooks_url     = var.playbooks_url
  tags              = var.labels
}

module "gcp" {
  source = "./modules/gcp"

  project  = var.project
  region   = var.region
  location = var.location
  name     = var.name

  queue_url = module.aws.queue_url
  sources   = var.sources
  schemas   = var.schemas
  compress  = var.compress
  events    = var.events

  loader             = var.loader
  loader_archive     = var.loader_archive
  loader_image       = var.loader_image
  loader_size        = var.loader_size
  loader_environment = var.loader_environment

  forwarder_on          = var.forwarder_on
  forwarder_image       = var.forwarder_image
  forwarder_size        = var.worker_pool
  forwarder_environment = var.forwarder_environment
  aws_account           = module.aws.account_id
  aws_role_session      = module.aws.role_session
  aws_role_arn          = module.aws.role_arn
  aws_region            = module.aws.region

  landing_days          = var.landing_days
  manage_datasets       = var.manage_datasets
  manage_services       = var.manage_services
  telemetry             = var.telemetry
  notification_channels = var.notification_channels
  alerts                = var.alerts
  playbooks_url         = var.playbooks_url
  labels                = var.labels
}
