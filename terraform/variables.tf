# The dozen that matter come first. modules/aws and modules/gcp explain the sizes, attribute by attribute.

variable "project" {
  description = "The Google Cloud project of the tables, the topic and the buckets."
  type        = string
}

variable "region" {
  description = "Google Cloud's region of the loader and the buckets, such as asia-northeast1: one near the source buckets."
  type        = string
}

variable "location" {
  description = "Where the tables are: a region of Google Cloud, or EU or US. Without it, the region."
  type        = string
  default     = null
}

variable "name" {
  description = "Prefix of all that is made. Up to 20 lower-case letters, digits and hyphens."
  type        = string
  default     = "seneka"
}

variable "buckets" {
  description = "The source buckets, which exist already, by name: see modules/aws. manage_notifications has no default, for Terraform then owns all of a bucket's notifications."
  type = map(object({
    manage_notifications = bool
    notify               = optional(string, "queue")
    account              = optional(string)
    topic_arn            = optional(string)
    prefix               = optional(string, "")
    suffix               = optional(string, "")
    versioned            = optional(bool, false)
    kms_key_arn          = optional(string)
  }))
}

variable "sources" {
  description = "Which files go into which table: sources in seneka.yaml, whose keys seneka.example.yaml explains. The first that matches a file takes it."
  type = list(object({
    name             = string
    match            = string
    format           = string
    table            = string
    schema           = optional(string)
    partition        = optional(object({ column = string, by = optional(string, "day") }))
    on_conflict      = optional(string)
    csv              = optional(object({ delimiter = optional(string), header = optional(string), skip_rows = optional(number), null_marker = optional(string) }))
    on_change        = optional(string)
    max_reject_ratio = optional(number)
  }))
}

variable "schemas" {
  description = "Schema files by the path that sources name: { \"schemas/app.json\" = file(\"app.json\") }."
  type        = map(string)
  default     = {}
}

variable "forwarder_on" {
  description = "Where the forwarder runs: \"fargate\", in AWS, or \"cloud-run\", in Google Cloud. Beside the buckets it gzips plain text before it leaves AWS, which is most of the cost of such files; on Cloud Run it needs no network of your own."
  type        = string
  default     = "fargate"
}

variable "forwarder_image" {
  description = "Image of the forwarder, with its digest or tag, in a registry that the place where it runs can read."
  type        = string
}

variable "vpc_id" {
  description = "The network of the forwarder on Fargate."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "The subnets of the forwarder on Fargate, in two zones or more."
  type        = list(string)
  default     = []
}

variable "loader" {
  description = "What the loader runs as: \"function\", from loader_archive, or \"container\", from loader_image."
  type        = string
  default     = "function"
}

variable "loader_archive" {
  description = "Path of the source archive, as `make function-zip` makes it."
  type        = string
  default     = null
}

variable "loader_image" {
  description = "Image of the loader, in Artifact Registry."
  type        = string
  default     = null
}

variable "notification_channels" {
  description = "Channels of Cloud Monitoring that are told of alerts: projects/PROJECT/notificationChannels/ID."
  type        = list(string)
  default     = []
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of the alarms of AWS's side."
  type        = list(string)
  default     = []
}

# The rest has defaults that do.

variable "fargate" {
  description = "How much the forwarder is given on Fargate: forwarder_size of modules/aws."
  type = object({
    count              = optional(number, 1)
    cpu                = optional(number, 512)
    memory_mib         = optional(number, 1024)
    architecture       = optional(string, "ARM64")
    spot               = optional(bool, false)
    workers            = optional(number, 16)
    budget_mib         = optional(number, 96)
    visibility_seconds = optional(number, 30)
  })
  default = {}
}

variable "worker_pool" {
  description = "How much the forwarder is given on Cloud Run: forwarder_size of modules/gcp."
  type = object({
    count              = optional(number, 1)
    cpu                = optional(number, 1)
    memory_mib         = optional(number, 1024)
    workers            = optional(number, 16)
    budget_mib         = optional(number, 96)
    visibility_seconds = optional(number, 30)
  })
  default = {}
}

variable "loader_size" {
  description = "How much the loader is given: loader_size of modules/gcp."
  type = object({
    concurrency     = optional(number, 12)
    min_instances   = optional(number, 0)
    max_instances   = optional(number, 20)
    cpu             = optional(number, 1)
    memory_mib      = optional(number, 512)
    budget_mib      = optional(number, 96)
    timeout_seconds = optional(number, 600)
  })
  default = {}
}

variable "forwarder_environment" {
  description = "More environment variables of the forwarder, such as SENEKA_LOG_LEVEL."
  type        = map(string)
  default     = {}
}

variable "loader_environment" {
  description = "More environment variables of the loader, such as SENEKA_LOG_LEVEL."
  type        = map(string)
  default     = {}
}

variable "assign_public_ip" {
  description = "Whether the tasks on Fargate have public addresses, in public subnets: see modules/aws for what a NAT gateway costs instead."
  type        = bool
  default     = true
}

variable "queue_kms_key_arn" {
  description = "A key of your own for the queues. Without it SQS encrypts them by its own."
  type        = string
  default     = null
}

variable "compress" {
  description = "Whether plain text is gzipped on its way out of AWS."
  type        = bool
  default     = true
}

variable "events" {
  description = "Whether a topic hears of each file that is loaded, by a CloudEvent: docs/events.md."
  type        = bool
  default     = false
}

variable "landing_days" {
  description = "How long copies stay in the landing bucket, 8 days at least."
  type        = number
  default     = 14
}

variable "manage_datasets" {
  description = "Whether the datasets of the sources are made. Say false if they exist."
  type        = bool
  default     = true
}

variable "manage_services" {
  description = "Whether the APIs that are needed are turned on."
  type        = bool
  default     = true
}

variable "telemetry" {
  description = "Whether the programs send metrics and traces to Google Cloud. Dashboard and alerts live on them."
  type        = bool
  default     = true
}

variable "alerts" {
  description = "From where on the alerts are raised: alerts of modules/gcp."
  type = object({
    queue_age_seconds = optional(number, 1800)
    freshness_seconds = optional(number, 120)
    reject_ratio      = optional(number, 0.05)
    memory_ratio      = optional(number, 0.75)
    streams_per_hour  = optional(number, 7000)
  })
  default = {}
}

variable "playbooks_url" {
  description = "Where the playbooks are, for the text of alerts: the name of the alert and .md come after it."
  type        = string
  default     = "https://github.com/seneka-io/seneka/blob/main/terraform/playbooks/"
}

variable "labels" {
  description = "Labels and tags of all that is made. Lower case, as Google Cloud asks."
  type        = map(string)
  default     = {}
}
