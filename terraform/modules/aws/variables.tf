variable "name" {
  description = "Prefix of all that is made. Up to 32 letters, digits and hyphens."
  type        = string
  default     = "seneka"

  validation {
    # Google's subject of a task is the ARN of its session, 127 characters at most: 72 and the name of the role.
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}[a-z0-9]$", var.name))
    error_message = "Write 2 to 32 lower-case letters, digits and hyphens, with a letter first."
  }
}

variable "buckets" {
  description = <<-TEXT
    The source buckets, which exist already, by name.

    notify               how the queue hears of new objects: "queue", the bucket tells the queue itself;
                         "sns", it tells a topic, which exists too and which the queue subscribes to;
                         "eventbridge", by a rule of EventBridge.
    manage_notifications whether Terraform sets the bucket's notifications. It then owns ALL of them: others,
                         which it does not know, are removed. Say false where there are others, or where the
                         bucket is of another account, and add what the output notifications shows by hand.
    account              whose bucket it is, if of another account than this one.
    topic_arn            with "sns": the topic.
    prefix, suffix       of the keys that are wanted; without them, all.
    versioned            whether the bucket keeps versions.
    kms_key_arn          the key that its objects are encrypted by, if it is one of your own.
  TEXT
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

  validation {
    condition     = length(var.buckets) > 0
    error_message = "Name at least one bucket."
  }
  validation {
    condition     = alltrue([for b in var.buckets : contains(["queue", "sns", "eventbridge"], b.notify)])
    error_message = "notify is queue, sns or eventbridge."
  }
  validation {
    condition     = alltrue([for b in var.buckets : (b.notify == "sns") == (b.topic_arn != null)])
    error_message = "topic_arn belongs to notify = \"sns\", and only to it."
  }
  validation {
    condition     = alltrue([for b in var.buckets : !b.manage_notifications if b.notify == "sns" || b.account != null])
    error_message = "A bucket that notifies a topic, or is of another account, keeps its notifications: say manage_notifications = false."
  }
  validation {
    condition     = alltrue([for b in var.buckets : b.account == null if b.notify == "eventbridge"])
    error_message = "Events of EventBridge stay in their account. Let a bucket of another account notify the queue itself or a topic."
  }
}

variable "forwarder_on" {
  description = "Where the forwarder runs: \"fargate\", here on ECS; or \"cloud-run\", on Google Cloud, from where it takes on the role that is made here."
  type        = string
  default     = "fargate"

  validation {
    condition     = contains(["fargate", "cloud-run"], var.forwarder_on)
    error_message = "forwarder_on is fargate or cloud-run."
  }
}

variable "forwarder_image" {
  description = "Image of the forwarder, with its digest or tag. On Fargate only."
  type        = string
  default     = null
}

variable "forwarder_size" {
  description = <<-TEXT
    How much the forwarder is given, on Fargate.

    count               tasks. One copies some tens of files a second; a second one takes over while the first is replaced.
    cpu, memory_mib     of a task, as Fargate pairs them. gzip takes most of the CPU: 1,024 units are one core.
    architecture        ARM64, a fifth cheaper, or X86_64: what the image was built for.
    spot                on spare capacity, for a third of the price: a task may be stopped at any time, with two minutes'
                        notice, and gives its messages back. There may be none to be had, so leave it off for a single task.
    workers             messages that a task handles at a time.
    budget_mib          memory of the copies at a time: 1 MiB and twice the object each, 14 MiB at most. The process takes
                        45 MB and twice that.
    visibility_seconds  how long a message stays hidden. It is renewed at half of it; what a killed task held comes again after it.
  TEXT
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

  validation {
    condition     = var.forwarder_size.memory_mib >= 64 + 2 * var.forwarder_size.budget_mib
    error_message = "The process takes twice budget_mib and 64 MiB: raise memory_mib or lower budget_mib."
  }
  validation {
    condition     = contains(["ARM64", "X86_64"], var.forwarder_size.architecture)
    error_message = "architecture is ARM64 or X86_64."
  }
}

variable "health_command" {
  description = "How the image is asked whether it is well: by the program itself, for it has no shell. It is /ko-app/forwarder in the images of releases, /program in those of the Dockerfile."
  type        = list(string)
  default     = ["CMD", "/ko-app/forwarder", "health"]
}

variable "environment" {
  description = "More environment variables of the forwarder on Fargate, such as SENEKA_LOG_LEVEL."
  type        = map(string)
  default     = {}
}

variable "config_uri" {
  description = "Where the configuration lies, gs://BUCKET/NAME: SENEKA_CONFIG. On Fargate only."
  type        = string
  default     = null
}

variable "google_audience" {
  description = "The provider of the workload identity pool that trusts the role: //iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER. On Fargate only."
  type        = string
  default     = null
}

variable "google_service_account_id" {
  description = "The unique ID, a number, of the service account that the forwarder has on Cloud Run. There only."
  type        = string
  default     = null
}

variable "google_service_account_audience" {
  description = "The audience of the tokens by which that service account takes on the role: SENEKA_AWS_AUDIENCE on Cloud Run. There only."
  type        = string
  default     = null
}

variable "vpc_id" {
  description = "The network of the tasks. On Fargate only."
  type        = string
  default     = null
}

variable "subnet_ids" {
  description = "The subnets of the tasks, in two zones or more. On Fargate only."
  type        = list(string)
  default     = []
}

variable "assign_public_ip" {
  description = <<-TEXT
    Whether tasks have public addresses, in public subnets; nothing can connect to them all the same. A NAT gateway, the other
    way out, takes 4.5 cents a gigabyte on top of the egress. Say false for private subnets that have one, and give those a
    gateway endpoint for S3, which costs nothing, so that files do not pass through it twice.
  TEXT
  type        = bool
  default     = true
}

variable "queue_kms_key_arn" {
  description = "A key of your own for both queues. Without it SQS encrypts them by its own. The key's policy must let S3, SNS or EventBridge use it: kms:GenerateDataKey and kms:Decrypt."
  type        = string
  default     = null
}

variable "max_receive_count" {
  description = "How often a message is received before it is parked in the dead-letter queue. A forwarder that is stopped gives messages back, which counts: keep it well over the number of deployments in an hour."
  type        = number
  default     = 10
}

variable "log_retention_days" {
  description = "How long the forwarder's log is kept."
  type        = number
  default     = 30
}

variable "alarm_topic_arns" {
  description = "SNS topics that are told of alarms, and of their end."
  type        = list(string)
  default     = []
}

variable "alarm_queue_age_seconds" {
  description = "Age of the oldest message at which the alarm queue-age is raised."
  type        = number
  default     = 600
}

variable "playbooks_url" {
  description = "Where the playbooks are, for the alarms' text: the name of the alarm and .md come after it."
  type        = string
  default     = "https://github.com/seneka-io/seneka/blob/main/terraform/playbooks/"
}

variable "tags" {
  description = "Tags of all that is made."
  type        = map(string)
  default     = {}
}
