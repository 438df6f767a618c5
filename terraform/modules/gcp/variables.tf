variable "project" {
  description = "The project of the tables, the topic and the buckets."
  type        = string
}

variable "region" {
  description = "Where the loader runs and the buckets are, such as asia-northeast1. Near the source buckets a copy takes less time."
  type        = string
}

variable "location" {
  description = "Where the tables are: a region, or EU or US. Without it, the region."
  type        = string
  default     = null
}

variable "name" {
  description = "Prefix of all that is made. Up to 20 letters, digits and hyphens."
  type        = string
  default     = "seneka"

  validation {
    # An account's name has 30 characters at most.
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "Write 2 to 20 lower-case letters, digits and hyphens, with a letter first."
  }
}

variable "queue_url" {
  description = "URL of the SQS queue: queue in seneka.yaml."
  type        = string
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

  validation {
    condition     = length(var.sources) > 0
    error_message = "Name at least one source."
  }
}

variable "schemas" {
  description = "Schema files by the path that sources name: { \"schemas/app.json\" = file(\"app.json\") }."
  type        = map(string)
  default     = {}
}

variable "compress" {
  description = "Whether plain text is gzipped on its way out of AWS, where a gigabyte costs about nine cents."
  type        = bool
  default     = true
}

variable "events" {
  description = "Whether a topic hears of each file that is loaded, by a CloudEvent: docs/events.md."
  type        = bool
  default     = false
}

variable "loader" {
  description = "What the loader runs as: \"function\", a Cloud Run function that Google builds from the source archive; or \"container\", a Cloud Run service from an image, which starts sooner and ends requests under way when it is stopped."
  type        = string
  default     = "function"

  validation {
    condition     = contains(["function", "container"], var.loader)
    error_message = "loader is function or container."
  }
}

variable "loader_archive" {
  description = "Path of the source archive, as `make function-zip` makes it. For a function."
  type        = string
  default     = null
}

variable "loader_image" {
  description = "Image of the loader, with its digest or tag. For a container."
  type        = string
  default     = null
}

variable "loader_runtime" {
  description = "The Go that a function is built with: that of go.mod."
  type        = string
  default     = "go126"
}

variable "loader_size" {
  description = <<-TEXT
    How much the loader is given.

    concurrency      requests of an instance at a time. A load mostly waits, for Cloud Storage and BigQuery: alone on an
                     instance it costs ten times as much as among ten. More than budget_mib holds at 8 MiB each would wait.
    min_instances    that are kept. None costs nothing while no files come; the first file then waits for a start, a second or two.
    max_instances    the bound on cost, on BigQuery's connections and on how fast a backlog shrinks: concurrency times this
                     many loads at a time. Too few, and deliveries are refused and come again, which costs more than an instance.
    cpu              of an instance; more than one request at a time takes at least 1.
    memory_mib       of an instance.
    budget_mib       memory of the loads at a time: 8 MiB each, and 6 MiB for each further stream of a large file. The process
                     takes 45 MB and twice that. Add 80 where records have megabytes, and the size of Parquet files over 16 MiB.
    timeout_seconds  of a request. Pub/Sub waits 600 at most; a file that cannot be read within 480 is deferred.
  TEXT
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

  validation {
    condition     = var.loader_size.memory_mib >= 64 + 2 * var.loader_size.budget_mib
    error_message = "The process takes twice budget_mib and 64 MiB: raise memory_mib or lower budget_mib."
  }
  validation {
    condition     = var.loader_size.timeout_seconds >= 540 && var.loader_size.timeout_seconds <= 3600
    error_message = "A load may read for 480 seconds and has to commit after that: timeout_seconds is 540 to 3600."
  }
  validation {
    condition     = var.loader_size.concurrency == 1 || var.loader_size.cpu >= 1
    error_message = "More than one request at a time takes a cpu of at least 1."
  }
}

variable "loader_environment" {
  description = "More environment variables of the loader, such as SENEKA_LOG_LEVEL."
  type        = map(string)
  default     = {}
}

variable "forwarder_on" {
  description = "Where the forwarder runs: \"fargate\", on AWS, which reaches Google by workload identity federation; or \"cloud-run\", here, which reaches AWS by web identity."
  type        = string
  default     = "fargate"

  validation {
    condition     = contains(["fargate", "cloud-run"], var.forwarder_on)
    error_message = "forwarder_on is fargate or cloud-run."
  }
}

variable "aws_account" {
  description = "The AWS account whose role is trusted. On Fargate only."
  type        = string
  default     = null
}

variable "aws_role_session" {
  description = "What the sessions of the forwarder's role are called, arn:aws:sts::ACCOUNT:assumed-role/ROLE: these and no others reach Google. On Fargate only."
  type        = string
  default     = null
}

variable "aws_role_arn" {
  description = "The role that the forwarder takes on, from Cloud Run."
  type        = string
  default     = null
}

variable "aws_region" {
  description = "The region of the queue, for a forwarder on Cloud Run."
  type        = string
  default     = null
}

variable "forwarder_image" {
  description = "Image of the forwarder, with its digest or tag. On Cloud Run only."
  type        = string
  default     = null
}

variable "forwarder_size" {
  description = <<-TEXT
    How much the forwarder is given, on Cloud Run.

    count               instances, which are always there: it receives, nobody calls it. Bytes from S3 pass through them.
    cpu, memory_mib     of an instance; gzip takes most of the CPU.
    workers             messages that an instance handles at a time.
    budget_mib          memory of the copies at a time: 1 MiB and twice the object each, 14 MiB at most. The process takes
                        45 MB and twice that.
    visibility_seconds  how long a message stays hidden. It is renewed at half of it.
  TEXT
  type = object({
    count              = optional(number, 1)
    cpu                = optional(number, 1)
    memory_mib         = optional(number, 1024)
    workers            = optional(number, 16)
    budget_mib         = optional(number, 96)
    visibility_seconds = optional(number, 30)
  })
  default = {}

  validation {
    condition     = var.forwarder_size.memory_mib >= 64 + 2 * var.forwarder_size.budget_mib
    error_message = "The process takes twice budget_mib and 64 MiB: raise memory_mib or lower budget_mib."
  }
}

variable "forwarder_environment" {
  description = "More environment variables of the forwarder on Cloud Run, such as SENEKA_LOG_LEVEL."
  type        = map(string)
  default     = {}
}

variable "landing_days" {
  description = "How long copies stay in the landing bucket. A message is delivered for up to 7 days, and parked for 31: a file whose copy is gone is copied again by seneka backfill."
  type        = number
  default     = 14

  validation {
    condition     = var.landing_days >= 8
    error_message = "Messages are delivered for 7 days: keep copies for 8 at least."
  }
}

variable "max_delivery_attempts" {
  description = "How often a notification is delivered before it is parked, 5 to 100. With ten minutes between two tries, 100 are about 16 hours: time to mend a table, before messages have to be brought back."
  type        = number
  default     = 100

  validation {
    condition     = var.max_delivery_attempts >= 5 && var.max_delivery_attempts <= 100
    error_message = "Pub/Sub takes 5 to 100."
  }
}

variable "manage_datasets" {
  description = "Whether the datasets of the sources are made here. Say false if they exist; the loader is let in all the same."
  type        = bool
  default     = true
}

variable "manage_services" {
  description = "Whether the APIs that are needed are turned on here. They stay on when the deployment is removed."
  type        = bool
  default     = true
}

variable "telemetry" {
  description = "Whether the programs send metrics and traces to Google Cloud. Dashboard and alerts live on them."
  type        = bool
  default     = true
}

variable "notification_channels" {
  description = "Channels of Cloud Monitoring that are told of alerts: projects/PROJECT/notificationChannels/ID."
  type        = list(string)
  default     = []
}

variable "alerts" {
  description = <<-TEXT
    From where on the alerts are raised.

    queue_age_seconds   age of the oldest notification that is not done.
    freshness_seconds   99 of 100 files are queryable within this, from their put in S3.
    reject_ratio        share of records that are rejects, of any source.
    memory_ratio        share of an instance's memory that the Go runtime holds.
    streams_per_hour    CreateWriteStream requests; BigQuery takes 10,000 an hour per project and region.
  TEXT
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
  description = "Where the playbooks are, for the alerts' text: the name of the alert and .md come after it."
  type        = string
  default     = "https://github.com/seneka-io/seneka/blob/main/terraform/playbooks/"
}

variable "labels" {
  description = "Labels of all that is made."
  type        = map(string)
  default     = {}
}
